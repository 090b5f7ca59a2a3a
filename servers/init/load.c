/* From a boot module to a running env. */
#include <errno.h>
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

void program_parse(struct program *program, const struct sysinfo_module *module, uint32_t index)
{
    char *state = program->words;
    uint32_t argc = 0;

    *program = (struct program){.module = module};
    strlcpy(program->words, module->cmdline, sizeof(program->words));
    char *word = strtok_r(program->words, " ", &state);
    if (word == NULL) {
        snprintf(program->words, sizeof(program->words), "module%u", index);
        state = program->words + strlen(program->words);
        word = program->words;
    }
    program->name = base_name(word);
    for (program->argv[argc++] = program->name; argc < PROGRAM_ARGS_MAX; argc++) {
        program->argv[argc] = strtok_r(NULL, " ", &state);
        if (program->argv[argc] == NULL)
            break;
    }
}

envid_t program_start(struct program *program)
{
    struct spawn what = {
        .image = (const void *)(uintptr_t)program->module->va,
        .size = program->module->size,
        .argv = program->argv,
    };
    envid_t id = spawn_elf(&what);

    if (id < 0)
        program->reason = what.reason != NULL ? what.reason : grain_strerror(id);
    return id;
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
