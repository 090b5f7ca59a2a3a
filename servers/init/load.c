/* From a program's file to a running env. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "servers/init/init.h"

/* "some/folder/name.elf" -> "name". */
static const char *base_name(char *path)
{
    char *slash = strrchr(path, '/');
    char *name = slash == NULL ? path : slash + 1;
    size_t len = strlen(name);

    if (len > 4 && strcmp(name + len - 4, ".elf") == 0)
        name[len - 4] = 0;
    return name;
}

/* Takes program->words apart. Returns false: there is nothing in it. */
static bool parse_words(struct program *program, const char *separators)
{
    char *state = program->words;
    char *word = strtok_r(program->words, separators, &state);
    uint32_t argc = 0;

    if (word == NULL)
        return false;
    program->name = base_name(word);
    for (program->argv[argc++] = program->name; argc < PROGRAM_ARGS_MAX; argc++) {
        program->argv[argc] = strtok_r(NULL, separators, &state);
        if (program->argv[argc] == NULL)
            break;
    }
    return true;
}

void program_from_module(struct program *program, const struct sysinfo_module *module,
                         uint32_t index)
{
    *program = (struct program){.image = (const void *)(uintptr_t)module->va, .size = module->size};
    strlcpy(program->words, module->cmdline, sizeof(program->words));
    if (parse_words(program, " "))
        return;
    snprintf(program->words, sizeof(program->words), "module%u", index);
    (void)parse_words(program, " ");
}

void program_from_word(struct program *program, const char *text)
{
    *program = (struct program){.name = "?"};
    strlcpy(program->words, text, sizeof(program->words));
    (void)parse_words(program, ",");
}

envid_t program_start(struct program *program, const struct process_start *servers)
{
    struct spawn what = {
        .image = program->image,
        .size = program->size,
        .argv = program->argv,
        .servers = servers,
    };
    envid_t id = spawn_elf(&what);

    if (id < 0)
        program->reason = what.reason != NULL ? what.reason : grain_strerror(id);
    return id;
}

void program_run(struct program *program, const struct process_start *servers)
{
    struct env_death death;
    struct report_usage before = report_usage_now();
    envid_t id = program_start(program, servers);
    int result = id;

    if (id > 0)
        result = process_wait(id, &death);
    if (result < 0)
        report_not_started(program, result);
    else
        report_death(program, &death);
    report_leak(program, &before);
    report_invariants(program);
}

void program_reap_orphans(bool kill)
{
    envid_t self = env_self();

    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);
        envid_t id = record->id;

        if (record->controller != self || id == self || record->status == ENV_FREE)
            continue;
        if (kill)
            process_kill(id);
        else
            (void)env_reap(id, NULL);
    }
}
