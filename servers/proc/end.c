/* How processes and threads end. */
#include <errno.h>

#include "grain/syscall.h"
#include "servers/proc/proc.h"

/* Its threads end in their own time; the last one's death is the process's (thread_ended). */
void process_end(struct process *process, uint32_t status)
{
    if (process->state != PROCESS_ALIVE)
        return;
    process->state = PROCESS_ENDING;
    process->status = status;
    for (struct thread *thread = process->threads; thread != NULL; thread = thread->next)
        (void)env_destroy(thread->env, 0); /* some have ended already */
}

/* Children that have ended go with their parent; nobody will ask for them. Others become init's. */
static void pass_on_children(struct process *process)
{
    struct process *next;

    for (struct process *child = process->children; child != NULL; child = next) {
        next = child->next;
        if (child->state == PROCESS_ZOMBIE) {
            process_free(child);
            continue;
        }
        process_adopt(child, init_process);
        child->is_orphan = true;
    }
}

static void finish(struct process *process, envid_t last_env)
{
    if (pager_destroy(last_env) && (process->status & PROC_STATUS_FAULT) != 0)
        process->status = PROC_STATUS_NO_MEMORY;
    process->state = PROCESS_ZOMBIE;
    pass_on_children(process);
    if (process->is_orphan)
        process_free(process);
    else
        wait_look(process->parent);
}

void thread_ended(struct thread *thread, const struct env_death *death)
{
    struct process *process = thread->process;
    envid_t env = thread->env;

    thread_free(thread);
    if (death->cause == ENV_FAULTED)
        process_end(process, PROC_STATUS_FAULT | death->vector << 16);
    else if (process->nthreads == 0)
        process_end(process, death->cause == ENV_EXITED ? PROC_STATUS_EXIT(death->status) : 0);
    if (process->nthreads == 0) {
        finish(process, env);
        return;
    }
    if (pager_call(PAGER_UNTHREAD, env, 0) < 0) {} /* then it has no thread of that id */
    wait_thread_ended(process, env);
}

int end_exit(const struct request *request, struct answer *answer)
{
    (void)answer;
    if (request->thread->process == init_process)
        return -E_PERM;
    process_end(request->thread->process, PROC_STATUS_EXIT(request->w[1]));
    return NO_ANSWER;
}

/* Whoever is not above the killer: init is above all. What init waits for, the shell, is above all but those who were
 * left behind, who are children of init as well. */
static bool may_kill(const struct process *killer, const struct process *victim)
{
    if (victim == init_process)
        return false;
    if (victim == killer || killer == init_process)
        return true;
    return (victim->parent != init_process || victim->is_orphan) &&
           !process_descends(killer, victim);
}

/* All at once: none of them is there to start another. */
static int kill_all(const struct process *killer)
{
    struct process *process;

    if (killer != init_process)
        return -E_PERM;
    for (uint32_t pid = PROC_PID_INIT + 1; (process = process_at_or_after(pid)) != NULL;
         pid = process->pid + 1)
        process_end(process, PROC_STATUS_KILLED);
    return 0;
}

int end_kill(const struct request *request, struct answer *answer)
{
    struct process *process = process_by_pid(request->w[1]);

    (void)answer;
    if (request->w[1] == PROC_EVERYBODY)
        return kill_all(request->thread->process);
    if (process == NULL || process->state != PROCESS_ALIVE)
        return -E_BAD_ENV;
    if (!may_kill(request->thread->process, process))
        return -E_PERM;
    process_end(process, PROC_STATUS_KILLED);
    return process == request->thread->process ? NO_ANSWER : 0;
}

int end_interrupt(const struct request *request, struct answer *answer)
{
    struct process *process = process_by_pid(request->w[1]);

    (void)answer;
    if (request->from != servers.console || process == init_process)
        return -E_PERM;
    if (process == NULL || process->state != PROCESS_ALIVE)
        return -E_BAD_ENV;
    process_end(process, PROC_STATUS_KILLED);
    return 0;
}

int end_thread_exit(const struct request *request, struct answer *answer)
{
    (void)answer;
    if (request->thread->process == init_process)
        return -E_PERM;
    (void)env_destroy(request->from, 0);
    return NO_ANSWER;
}
