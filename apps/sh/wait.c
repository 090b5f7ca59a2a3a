/* The shell's children, see apps/sh/shell.h. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "apps/sh/shell.h"
#include "apps/sh/status.h"
#include "grain/console.h"

/* A shell that another one started is not the console's: Ctrl-C is for it as a whole. */
static void set_foreground(pid_t pid)
{
    (void)console_set_foreground((uint32_t)pid);
}

/* Says what ended a child, unless it did so itself. Returns its status, for $?. */
static int tell_end(int status, const char *name)
{
    char text[JOB_STATE_MAX];

    if (!WIFEXITED(status)) {
        wait_describe(status, text, sizeof(text));
        fprintf(stderr, "%s: %s\n", name, text);
    }
    return status_code((uint32_t)status);
}

int wait_foreground(pid_t pid, const char *name)
{
    int status = 0;

    set_foreground(pid);
    pid_t ended = waitpid(pid, &status, 0);
    set_foreground(0);
    if (ended < 0)
        return shell_error("%s: cannot wait: %s", name, grain_strerror(ended));
    return tell_end(status, name);
}

int wait_job(struct job *job)
{
    int code =
        job->ended ? tell_end((int)job->status, job->text) : wait_foreground(job->pid, job->text);

    job_remove(job);
    return code;
}

void wait_collect(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        (void)job_end(pid, (uint32_t)status);
}

void wait_describe_job(const struct job *job, char text[JOB_STATE_MAX])
{
    if (!job->ended)
        strlcpy(text, "runs", JOB_STATE_MAX);
    else if (job->status == 0)
        strlcpy(text, "done", JOB_STATE_MAX);
    else
        wait_describe((int)job->status, text, JOB_STATE_MAX);
}

void wait_report(void)
{
    struct job *next;
    char text[JOB_STATE_MAX];

    wait_collect();
    for (struct job *job = job_after(0); job != NULL; job = next) {
        next = job_after(job->number);
        if (!job->ended)
            continue;
        wait_describe_job(job, text);
        if (shell.interactive)
            printf("[%d] %s  %s\n", job->number, text, job->text);
        job_remove(job);
    }
}
