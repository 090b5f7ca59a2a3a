/* Waiting for children and threads: calls that are answered later. */
#include <errno.h>

#include "grain/windows.h"
#include "servers/proc/proc.h"

/* A thread that is dead or dying loses its answer, and a child that is told to nobody would be lost. */
static bool is_alive(envid_t env)
{
    const struct env_public *record = env_record(env);

    return record->id == env && record->status != ENV_DEAD && record->status != ENV_DYING;
}

/* A child that answers the wait for `pid` (0: any), or NULL. *exists: there is one that may later. */
static struct process *find_child(const struct process *parent, uint32_t pid, bool *exists)
{
    *exists = false;
    for (struct process *child = parent->children; child != NULL; child = child->next) {
        if (child->is_orphan || (pid != 0 && child->pid != pid))
            continue;
        *exists = true;
        if (child->state == PROCESS_ZOMBIE)
            return child;
    }
    return NULL;
}

/* The answer to a wait for a child; NO_ANSWER: not yet. The child that it tells of, in *told, is to be freed once
 * somebody has the answer. */
static int try_wait(const struct process *parent, uint32_t pid, struct answer *answer,
                    struct process **told)
{
    bool exists;
    struct process *child = find_child(parent, pid, &exists);

    *told = child;
    if (child == NULL)
        return exists ? NO_ANSWER : -E_BAD_ENV;
    answer->w[1] = child->pid;
    answer->w[2] = child->status;
    return 0;
}

int wait_child(const struct request *request, struct answer *answer)
{
    struct thread *thread = request->thread;
    struct process *told;
    int result;

    if ((request->w[2] & ~PROC_NOHANG) != 0)
        return -E_INVAL;
    result = try_wait(thread->process, request->w[1], answer, &told);
    if (result == 0) {
        /* Whoever else had waited would have been told before: who asks has the answer, or nobody. */
        process_free(told);
        wait_look(thread->process); /* others may have waited for that child */
    } else if (result == NO_ANSWER && request->w[2] == PROC_NOHANG) {
        result = 0;
    } else if (result == NO_ANSWER) {
        thread->waiting = WAITING_CHILD;
        thread->wait_for = request->w[1];
    }
    return result;
}

/* False: it does not wait any more, and has not got it. */
static bool reply(struct thread *thread, const struct answer *answer)
{
    struct ipc_msg msg = {.w = {answer->w[0], answer->w[1], answer->w[2], answer->w[3]}};

    thread->waiting = WAITING_NOT;
    return ipc_reply(thread->env, &msg) == 0;
}

static bool look_once(struct process *parent)
{
    for (struct thread *thread = parent->threads; thread != NULL; thread = thread->next) {
        struct answer answer = {.words = 0};
        struct process *told;
        int result;

        if (thread->waiting != WAITING_CHILD || !is_alive(thread->env))
            continue;
        result = try_wait(parent, thread->wait_for, &answer, &told);
        if (result == NO_ANSWER)
            continue;
        answer.w[0] = (uint32_t)result;
        if (reply(thread, &answer) && told != NULL)
            process_free(told);
        return true;
    }
    return false;
}

void wait_look(struct process *parent)
{
    while (look_once(parent)) {}
}

int wait_thread(const struct request *request, struct answer *answer)
{
    const struct thread *other = thread_of((envid_t)request->w[1]);
    struct thread *thread = request->thread;

    (void)answer;
    if (other == NULL || other->process != thread->process)
        return -E_BAD_ENV;
    if (other == thread)
        return -E_INVAL;
    thread->waiting = WAITING_THREAD;
    thread->wait_for = request->w[1];
    return NO_ANSWER;
}

void wait_thread_ended(const struct process *process, envid_t env)
{
    const struct answer answer = {.words = 0};

    for (struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (thread->waiting == WAITING_THREAD && thread->wait_for == (uint32_t)env)
            (void)reply(thread, &answer);
    }
}
