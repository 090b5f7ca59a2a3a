/* Timeouts of blocked envs: a binary heap per CPU, by deadline, owner CPU only.
 *
 * An env is in the heap of its home CPU, which is where it blocked; whoever wakes it from elsewhere
 * leaves it there, and the home CPU takes it out when it sees it.
 */
#ifndef GRAIN_SCHED_TIMER_H
#define GRAIN_SCHED_TIMER_H

#include <stdint.h>

#include "kernel/env.h"

/* Room for every env; heap[0] is not used. */
void timer_init_cpu(void);
void timer_add(struct env *e, uint64_t deadline);
void timer_remove(struct env *e); /* which is in the heap */

static inline ALWAYS_INLINE void timer_cancel(struct env *e)
{
    if (unlikely(e->timer_slot != 0))
        timer_remove(e);
}

/* The env whose deadline is `now` or before, taken out; NULL if there is none. */
struct env *timer_expired(uint64_t now);
/* The next deadline, or CPU_NEVER. */
uint64_t timer_next(void);

#endif
