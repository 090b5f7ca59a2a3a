/* Running commands, see apps/sh/shell.h. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "apps/sh/parse.h"
#include "apps/sh/shell.h"
#include "apps/sh/status.h"
#include "grain/bootfs.h"
#include "grain/process.h"

/* Returns 0 if there is such a file, else a status for $?. */
static int find_program(const char *path)
{
    struct bootfs_file file;
    int result = bootfs_open(path, &file);

    if (result == -E_EOF) {
        shell_error("%s: there is no such command (try help)", path);
        return STATUS_NOT_FOUND;
    }
    if (result < 0) {
        shell_error("%s: %s", path, grain_strerror(result));
        return STATUS_CANNOT_RUN;
    }
    return 0;
}

/* Starts a program. On success 0 and its pid in *pid, else a status for $?. */
static int start(char **argv, pid_t *pid)
{
    const char *path = argv[0] + strspn(argv[0], "/");
    int status = find_program(path);

    if (status != 0)
        return status;
    *pid = spawnv(path, argv);
    if (*pid > 0)
        return 0;
    shell_error("%s: cannot be run: %s", argv[0],
                *pid == -E_INVAL ? "not a program" : grain_strerror(*pid));
    return STATUS_CANNOT_RUN;
}

int run_words(char **argv)
{
    builtin_fn *builtin = builtin_find(argv[0]);
    pid_t pid;

    if (builtin != NULL) {
        int argc = 0;

        while (argv[argc] != NULL)
            argc++;
        return builtin(argc, argv);
    }
    int status = start(argv, &pid);
    return status != 0 ? status : wait_foreground(pid, argv[0]);
}

static int run_background(char **argv)
{
    pid_t pid;

    if (builtin_find(argv[0]) != NULL)
        return shell_error("%s is the shell's own: it cannot run in the background", argv[0]);
    if (!job_room())
        wait_report();
    if (!job_room())
        return shell_error("%d jobs are as many as there can be", JOBS_MAX);
    int status = start(argv, &pid);
    if (status != 0)
        return status;
    const struct job *job = job_add(pid, argv);
    if (shell.interactive && job != NULL)
        printf("[%d] %d\n", job->number, (int)pid);
    return 0;
}

/* Whether the command after one that ended so is left out; the status stays that of the last one
 * that ran, so that `a && b || c` runs c when a fails. */
static bool leaves_out_next(enum parse_end end)
{
    return (end == PARSE_AND && shell.status != 0) || (end == PARSE_OR && shell.status == 0);
}

void run_line(const char *line)
{
    struct parse_command command;
    const char *error = parse_check(line);
    bool left_out = false;

    if (error != NULL) {
        shell.status = shell_error("%s", error);
        return;
    }
    while (!shell.leaving && parse_next(&line, shell.status, &command) == PARSE_COMMAND) {
        if (!left_out && command.end == PARSE_BACKGROUND)
            shell.status = run_background(command.argv);
        else if (!left_out)
            shell.status = run_words(command.argv);
        left_out = leaves_out_next(command.end);
    }
}
