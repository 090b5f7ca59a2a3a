/* The shell: what its files share.
 *
 * main.c reads lines, run.c runs them, builtin.c has the commands that are the shell's own, wait.c
 * knows of children; parse.c, status.c and job.c have no system call in them and are tested on the
 * host.
 */
#ifndef GRAIN_APPS_SH_SHELL_H
#define GRAIN_APPS_SH_SHELL_H

#include <stdbool.h>
#include <sys/types.h>

#include "apps/sh/job.h"
#include "grain/compiler.h"

struct shell {
    int status;       /* $? */
    bool interactive; /* lines are typed: prompt, and word of jobs that end */
    bool leaving;     /* by `exit` */
};

extern struct shell shell;

/* Runs all commands of a line, and sets shell.status. */
void run_line(const char *line);

/* One command, in the foreground. Returns its status, for $?. */
int run_words(char **argv);

/* Prints "sh: " and the text in one line on standard error. Returns STATUS_USAGE. */
int shell_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* ---- Children. ---- */

/* Waits for a child as the one that Ctrl-C ends. Returns its status, for $?; what ended it, unless it
 * ended by itself, is printed with `name`. */
int wait_foreground(pid_t pid, const char *name);

/* The same for a job, which is none any more afterwards. */
int wait_job(struct job *job);

/* Finds out which jobs have ended. */
void wait_collect(void);

/* "runs", "done", "killed", ... */
#define JOB_STATE_MAX 32
void wait_describe_job(const struct job *job, char text[JOB_STATE_MAX]);

/* Forgets which jobs have ended since, and prints them where lines are typed: before a prompt, or when there is no
 * room for another. */
void wait_report(void);

/* ---- Built-in commands. ---- */

typedef int builtin_fn(int argc, char **argv);

/* The command of that name, or NULL. It returns a status. */
builtin_fn *builtin_find(const char *name);

#endif
