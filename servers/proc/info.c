/* What there is to know of processes. */
#include <errno.h>
#include <string.h>

#include "grain/syscall.h"
#include "servers/proc/proc.h"

static uint32_t parent_pid(const struct process *process)
{
    return process->parent == NULL ? 0 : process->parent->pid;
}

int info_pid(const struct request *request, struct answer *answer)
{
    answer->w[1] = request->thread->process->pid;
    answer->w[2] = parent_pid(request->thread->process);
    return 0;
}

/* The first thread is at the end of the list. */
static envid_t first_env(const struct process *process)
{
    envid_t env = 0;

    for (const struct thread *thread = process->threads; thread != NULL; thread = thread->next)
        env = thread->env;
    return env;
}

int info_list(const struct request *request, struct answer *answer)
{
    const struct process *process = process_at_or_after(request->w[1]);
    struct aspace_usage usage = {.frames = 0};

    if (process == NULL)
        return -E_EOF;
    struct proc_info info = {
        .pid = process->pid,
        .parent = parent_pid(process),
        .env = first_env(process),
        .state = process->state == PROCESS_ZOMBIE ? PROC_ZOMBIE : PROC_RUNNING,
        .threads = process->nthreads,
    };
    /* Init is not ours to ask about, and who ends may be gone. */
    if (info.env != 0 && aspace_info(info.env, &usage) == 0)
        info.frames = usage.frames;
    memcpy(info.name, process->name, sizeof(info.name));
    memcpy(utcb()->words, &info, sizeof(info));
    answer->words = sizeof(info) / sizeof(uint32_t);
    answer->w[1] = process->pid;
    return 0;
}

int info_is_below(const struct request *request, struct answer *answer)
{
    const struct thread *thread = thread_of((envid_t)request->w[1]);
    const struct process *above = process_by_pid(request->w[2]);

    (void)answer;
    if (request->from != servers.console || thread == NULL || above == NULL)
        return -E_PERM;
    return process_descends(thread->process, above) ? 0 : -E_PERM;
}
