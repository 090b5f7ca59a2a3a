/* The commands that are the shell's own, see apps/sh/shell.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/error.h"
#include "apps/options.h"
#include "apps/sh/shell.h"
#include "grain/bootfs.h"
#include "grain/time.h"

struct builtin {
    const char *name;
    const char *operands;
    const char *text;
    builtin_fn *run;
};

static builtin_fn help, jobs, wait_for, kill_jobs, time_command, leave, do_nothing, fail;

static const struct builtin builtins[] = {
    {"help", "", "prints this", help},
    {"jobs", "", "lists what runs in the background", jobs},
    {"wait", "[%JOB|PID]...", "waits for jobs, or for all, in the foreground", wait_for},
    {"kill", "%JOB|PID...", "ends jobs and other processes", kill_jobs},
    {"time", "COMMAND...", "runs a command and prints how long that took", time_command},
    {"exit", "[STATUS]", "leaves the shell", leave},
    {"true", "", "does nothing, well", do_nothing},
    {"false", "", "does nothing, and fails", fail},
};

#define SCREEN_COLUMNS 79

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

static const char language[] =
    "A command is a program or one of these. PROGRAM --help says more.\n"
    "  A ; B      one after the other        A &        in the background\n"
    "  A && B     B if A went well           A || B     B if A failed\n"
    "  'text'     as it stands               \"text\"     the same but for \\ and $?\n"
    "  \\C         the character C itself     # ...      a comment\n"
    "  $?         status of the last command: 0 well, 126 cannot be run,\n"
    "             127 not found, 137 killed, 139 fault, 140 out of memory\n"
    "Ctrl-C ends the program in the foreground, Ctrl-D on an empty line the shell.\n";

static int print_builtin(const struct builtin *builtin)
{
    int column =
        printf("  %s%s%s", builtin->name, builtin->operands[0] != 0 ? " " : "", builtin->operands);

    printf("%*s%s\n", column < 24 ? 24 - column : 2, "", builtin->text);
    return 0;
}

static bool is_program(const char *name)
{
    char magic[4] = "";
    int fd = open(name, O_RDONLY);

    if (fd < 0)
        return false;
    (void)read(fd, magic, sizeof(magic));
    (void)close(fd);
    return memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

static void print_programs(void)
{
    char name[SERVER_STRING_MAX];
    struct bootfs_file file;
    int column = printf("Programs:");

    for (uint32_t i = 0; bootfs_list(i, &file, name) >= 0; i++) {
        if (!is_program(name))
            continue;
        if (column + (int)strlen(name) >= SCREEN_COLUMNS)
            column = printf("\n ") - 1;
        column += printf(" %s", name);
    }
    putchar('\n');
}

static int help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("%s", language);
    for (size_t i = 0; i < BUILTINS; i++)
        print_builtin(&builtins[i]);
    print_programs();
    return 0;
}

static int jobs(int argc, char **argv)
{
    char text[JOB_STATE_MAX];

    (void)argc;
    (void)argv;
    wait_collect();
    for (struct job *job = job_after(0); job != NULL; job = job_after(job->number)) {
        wait_describe_job(job, text);
        printf("[%d] %d %s  %s\n", job->number, (int)job->pid, text, job->text);
    }
    return 0;
}

static int wait_for(int argc, char **argv)
{
    struct job *job;
    int status = 0;

    wait_collect();
    while (argc == 1 && (job = job_after(0)) != NULL)
        status = wait_job(job);
    for (int i = 1; i < argc; i++) {
        job = job_find(argv[i]);
        status =
            job != NULL ? wait_job(job) : shell_error("wait: %s: there is no such job", argv[i]);
    }
    return status;
}

static int kill_one(const char *word)
{
    const struct job *job = job_find(word);
    uint32_t pid = job != NULL ? (uint32_t)job->pid : 0;

    if (job == NULL && !options_number(word, 1, INT32_MAX, &pid))
        return shell_error("kill: %s: there is no such job", word);
    int result = kill((pid_t)pid);
    return result < 0 ? shell_error("kill: %s: %s", word, error_of_kill(result)) : 0;
}

static int kill_jobs(int argc, char **argv)
{
    int status = argc == 1 ? shell_error("kill: needs %%JOB or PID") : 0;

    for (int i = 1; i < argc; i++) {
        if (kill_one(argv[i]) != 0)
            status = 1;
    }
    return status;
}

static int time_command(int argc, char **argv)
{
    if (argc == 1)
        return shell_error("time: needs COMMAND");
    uint64_t start = time_us();
    int status = run_words(argv + 1);
    uint64_t us = time_us() - start;
    fprintf(stderr, "time: %u.%06u s\n", (unsigned int)(us / 1000000),
            (unsigned int)(us % 1000000));
    return status;
}

static int leave(int argc, char **argv)
{
    uint32_t status = (uint32_t)shell.status;

    if (argc > 2 || (argc == 2 && !options_number(argv[1], 0, 255, &status)))
        return shell_error("exit: needs one status, from 0 to 255");
    shell.leaving = true;
    return (int)status;
}

static int do_nothing(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static int fail(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}

builtin_fn *builtin_find(const char *name)
{
    for (size_t i = 0; i < BUILTINS; i++) {
        if (strcmp(builtins[i].name, name) == 0)
            return builtins[i].run;
    }
    return NULL;
}
