/* The scheduler: each CPU's own ready queue, an inbox for what other CPUs send, timers, idle.
 *
 * A ready queue (one list per priority, round robin within it) is its CPU's alone. Other CPUs post an
 * env to the inbox, the only locked part, and send an interrupt when that was empty. Posting means
 * "look at this env": the home CPU sees from its state what is to be done. A CPU with more than one
 * env to run sends work to a halted one.
 *
 * Locks: cpu->inbox_lock, a leaf. Nothing here may be called with that lock held.
 */
#ifndef GRAIN_SCHED_SCHED_H
#define GRAIN_SCHED_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/env.h"

#define SCHED_SLICE_US 10000u

/* Each CPU, before its first sched_schedule(). */
void sched_init_cpu(void);

/* Runs the best ready env, or halts until there is one. What was running has been blocked, queued or
 * ended by the caller. */
_Noreturn void sched_schedule(void);

/* The same, and interrupts are taken first: after long work. */
_Noreturn void sched_breathe(void);

/* `e` is owned by this CPU (claimed, or just stopped being current) and should run: makes it READY and
 * hands it to its home CPU. */
void sched_wake(struct env *e);

/* Has the home CPU look at an env, whatever its state: something is pending, its partner is dead, its
 * priority changed. */
void sched_poke(struct env *e);

/* `self` is current: to the end of its queue, and the next one runs. */
_Noreturn void sched_requeue(struct env *self);
/* The same, but `next` runs: owned by this CPU, at home here, on no queue. */
_Noreturn void sched_requeue_for(struct env *self, struct env *next);
/* As sched_requeue, and interrupts are taken in between: for long work in steps. */
_Noreturn void sched_pause(struct env *self);

/* `e`, just blocked, at home here: its ipc is cancelled with -E_TIMEOUT after so many microseconds. */
void sched_add_timeout(struct env *e, uint32_t us);

/* True if an env of this priority or higher is ready on this CPU. */
static inline bool sched_has_ready(uint32_t priority)
{
    return this_cpu()->ready_mask >> priority != 0;
}

static inline bool sched_nobody_is_idle(void)
{
    return likely(atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed) == 0);
}

/* Whether another CPU may have it. */
static inline bool sched_is_movable(const struct env *e)
{
    return atomic_load_explicit(&e->pinned, memory_order_relaxed) == SCHED_ANY_CPU;
}

/* The CPU that it is to go to, pinned there; SCHED_ANY_CPU if it may stay. Others may write `pinned` at any
 * moment: it is read once. */
static inline uint32_t sched_pinned_elsewhere(const struct env *e)
{
    uint32_t pinned = atomic_load_explicit(&e->pinned, memory_order_relaxed);

    return pinned != this_cpu()->id ? pinned : SCHED_ANY_CPU;
}

/* Has a halted CPU, if there is one, see whether there is something to do before it halts again. */
void sched_rouse(void);

/* Gives an owned env, blocked or on no queue, another home. */
void sched_set_home(struct env *e, uint32_t cpu);

/* The CPU of that bit counts as idle no more: it is interrupted, or will be, for some work. False if it did
 * not. */
static inline bool sched_end_idle(uint32_t bit)
{
    if (!(atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed) & bit))
        return false;
    return (atomic_fetch_and(&cpu_idle_mask, ~bit) & bit) != 0;
}

/* First thing in an interrupt of the kernel, before its handler changes anything: this CPU is not idle
 * any more. Pairs with sched_is_over(). */
static inline void sched_leave_idle(void)
{
    (void)sched_end_idle(1u << cpu_id());
}

/* What the interrupts do: VECTOR_WAKE, and VECTOR_TIMER. */
void sched_take_inbox(void);
void sched_tick(void);

#endif
