/* The envs of processes. */
#include <errno.h>

#include "grain/syscall.h"
#include "grain/windows.h"
#include "servers/proc/proc.h"

/* A thread's death is one of 32 notification bits, by its place in the table. */
#define DEATH_BITS 32u

static struct thread threads[THREADS_MAX];
static uint16_t by_env[ENV_MAX]; /* place in threads[] and 1; 0: none */
static uint32_t search;          /* where the last free one was */

struct thread *thread_of(envid_t env)
{
    uint32_t place = by_env[ENV_INDEX(env)];

    return place != 0 && threads[place - 1].env == env ? &threads[place - 1] : NULL;
}

static struct thread *take(void)
{
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        search = (search + 1) % THREADS_MAX;
        if (threads[search].env == 0)
            return &threads[search];
    }
    return NULL;
}

static void enter(struct thread *thread, struct process *process, envid_t env)
{
    *thread = (struct thread){.env = env, .process = process, .next = process->threads};
    process->threads = thread;
    process->nthreads++;
    by_env[ENV_INDEX(env)] = (uint16_t)(thread - threads + 1);
}

void thread_free(struct thread *thread)
{
    struct thread **link = &thread->process->threads;

    while (*link != thread)
        link = &(*link)->next;
    *link = thread->next;
    thread->process->nthreads--;
    if (thread_of(thread->env) == thread)
        by_env[ENV_INDEX(thread->env)] = 0;
    thread->env = 0;
}

struct thread *thread_of_init(struct process *process, envid_t env)
{
    struct thread *thread = take();

    if (thread != NULL)
        enter(thread, process, env);
    return thread;
}

/* Faults go to the pager; what it may do: abi/proc.h. An env without PROC_SYSCALLS cannot free itself from
 * either of us. */
static int confine(envid_t env, uint32_t frames)
{
    struct env_limits limits = {
        .syscalls = {PROC_SYSCALLS, 0},
        .send_count = ENV_SEND_ANY,
        .ports = {{1, 0}, {1, 0}, {1, 0}, {1, 0}},
        .priority = SCHED_PRIO_DEFAULT,
        .frames = frames,
    };
    int error = env_set_limits(env, &limits);

    if (error == 0)
        error = env_set_pager(env, servers.pager);
    if (error == 0 && env_record(env_self())->priority != SCHED_PRIO_DEFAULT)
        error = env_set_sched(env, SCHED_PRIO_DEFAULT, SCHED_ANY_CPU);
    return error;
}

int thread_new(struct process *process, envid_t sibling, uint32_t frames, struct thread **thread)
{
    struct thread *place = take();

    if (place == NULL)
        return -E_NO_FREE_ENV;
    envid_t env = env_create(sibling == 0 ? ENV_NEW_ASPACE : 0, sibling, sibling == 0 ? frames : 0,
                             1u << (uint32_t)(place - threads) % DEATH_BITS);
    if (env < 0)
        return env;
    enter(place, process, env);
    *thread = place;
    int error = confine(env, frames);
    if (error != 0)
        thread_undo(place);
    return error;
}

/* It has not run: with nobody to tell its slot is free as soon as it has ended. But the other threads of its process
 * may have ended it already. Its id is void then because its death has begun; that goes on without us, in bounded
 * steps, perhaps on this CPU; and nobody would reap it later, as it is in no table of ours any more. */
void thread_undo(struct thread *thread)
{
    if (env_set_controller(thread->env, env_self(), 0) == 0) {
        (void)env_destroy(thread->env, 0);
    } else {
        while (env_reap(thread->env, NULL) == -E_BUSY)
            yield();
    }
    thread_free(thread);
}

static void reap_one(struct thread *thread)
{
    struct env_death death;
    const struct env_public *record = env_record(thread->env);

    if (thread->env == 0 || record->id != thread->env || record->status != ENV_DEAD)
        return;
    if (env_reap(thread->env, &death) == 0)
        thread_ended(thread, &death);
}

void threads_reap(uint32_t bits)
{
    while (bits != 0) {
        uint32_t bit = (uint32_t)__builtin_ctz(bits);

        for (uint32_t i = bit; i < THREADS_MAX; i += DEATH_BITS)
            reap_one(&threads[i]);
        bits &= bits - 1;
    }
}
