/* Copies of a process, and further threads of one. */
#include <errno.h>

#include "grain/syscall.h"
#include "servers/proc/proc.h"

/* The message has where the child begins, on its copy of the caller's stack. */
static int start_child(const struct request *request, struct thread *child)
{
    const struct env_regs regs = {.esp = request->w[1], .eip = request->w[2]};
    int error = pager_call(PAGER_FORK, request->from, (uint32_t)child->env);

    if (error != 0)
        return error;
    error = env_write_regs(child->env, &regs);
    if (error == 0)
        error = env_start(child->env);
    if (error != 0)
        (void)pager_destroy(child->env);
    return error;
}

int fork_process(const struct request *request, struct answer *answer)
{
    struct process *parent = request->thread->process;
    struct process *process;
    struct thread *thread;
    struct aspace_usage usage;

    if (parent == init_process)
        return -E_PERM;
    int error = aspace_info(request->from, &usage);
    if (error != 0)
        return error;
    process = process_new(parent, parent->name);
    if (process == NULL)
        return -E_NO_FREE_ENV;
    error = thread_new(process, 0, usage.quota, &thread);
    if (error == 0) {
        error = start_child(request, thread);
        if (error != 0)
            thread_undo(thread);
    }
    if (error != 0) {
        process_free(process);
        return error;
    }
    answer->w[1] = process->pid;
    return 0;
}

int fork_thread(const struct request *request, struct answer *answer)
{
    const struct env_regs regs = {.eip = request->w[1], .esp = request->w[2], .eax = request->w[3]};
    struct process *process = request->thread->process;
    struct thread *thread;

    if (process == init_process)
        return -E_PERM;
    int error = thread_new(process, request->from, 0, &thread);
    if (error != 0)
        return error;
    envid_t env = thread->env;
    error = pager_call(PAGER_THREAD, request->from, (uint32_t)env);
    if (error == 0)
        error = env_write_regs(env, &regs);
    if (error == 0)
        error = env_start(env);
    if (error != 0) {
        if (pager_call(PAGER_UNTHREAD, env, 0) < 0) {} /* it was not told of it */
        thread_undo(thread);
        return error;
    }
    answer->w[1] = (uint32_t)env;
    return 0;
}
