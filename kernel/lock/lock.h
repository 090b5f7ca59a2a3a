/* Locks: one interface over granularities and algorithms.
 *
 * lock_acquire(CLASS, &lock) and lock_release(CLASS, &lock), with the class a constant, so that
 * everything below is decided by the compiler. What they do depends on the build:
 *
 *   object     the lock itself is taken
 *   subsystem  the one lock of the class is taken; a CPU that has it counts (a pair costs one)
 *   big        nothing: kernel_enter() took the big lock and kernel_exit() gives it back
 *
 * Callers cannot tell which is in force. A CPU that waits answers TLB shootdowns meanwhile
 * (lock_relax), so a holder may wait for other CPUs to flush. Interrupts are off in the kernel, so
 * a holder is never interrupted. lock_is_held() is for asserts; it is exact with lockdep on, and
 * true for every lock in a build without.
 */
#ifndef GRAIN_LOCK_LOCK_H
#define GRAIN_LOCK_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/lock/annotations.h"
#include "kernel/lock/classes.h"

/* A waiting CPU calls this once a turn (kernel/mm/shootdown.c). */
void lock_relax(void);

#if defined(GRAIN_LOCK_ALGO_TAS)
#include "kernel/lock/tas.h"
#elif defined(GRAIN_LOCK_ALGO_TTAS)
#include "kernel/lock/ttas.h"
#elif defined(GRAIN_LOCK_ALGO_BUSTED)
#include "kernel/lock/busted.h"
#else
#include "kernel/lock/ticket.h"
#endif

struct CAPABILITY("lock") lock {
    struct raw_lock raw;
};

/* The locks that all CPUs share in the coarser builds; each on a cache line of its own. */
struct shared_lock {
    struct raw_lock raw;
} ALIGNED(64);

extern struct shared_lock lock_subsystem[LOCK_CLASSES];
extern struct shared_lock lock_big;

#include "kernel/lock/lockdep.h"

static inline void lock_init(struct lock *l)
{
    raw_lock_init(&l->raw);
}

#if defined(GRAIN_LOCK_GRANULARITY_BIG)

static inline void lock_take(enum lock_class class, struct lock *l)
{
    (void)class;
    (void)l;
}

static inline void lock_give(enum lock_class class, struct lock *l)
{
    (void)class;
    (void)l;
}

static inline void kernel_enter(void)
{
    raw_lock_acquire(&lock_big.raw);
}

static inline void kernel_exit(void)
{
    raw_lock_release(&lock_big.raw);
}

#elif defined(GRAIN_LOCK_GRANULARITY_SUBSYSTEM)

static inline void lock_take(enum lock_class class, struct lock *l)
{
    (void)l;
    if (lock_nesting(class)++ == 0)
        raw_lock_acquire(&lock_subsystem[class].raw);
}

static inline void lock_give(enum lock_class class, struct lock *l)
{
    (void)l;
    if (--lock_nesting(class) == 0)
        raw_lock_release(&lock_subsystem[class].raw);
}

#else

static inline void lock_take(enum lock_class class, struct lock *l)
{
    (void)class;
    raw_lock_acquire(&l->raw);
}

static inline void lock_give(enum lock_class class, struct lock *l)
{
    (void)class;
    raw_lock_release(&l->raw);
}

#endif

#if !defined(GRAIN_LOCK_GRANULARITY_BIG)
static inline void kernel_enter(void)
{
}

static inline void kernel_exit(void)
{
}
#endif

/* Inlined for certain: lockdep notes where it stands. */
static inline ALWAYS_INLINE void lock_acquire(enum lock_class class, struct lock *l)
    ACQUIRES(l) NO_LOCK_ANALYSIS
{
    lockdep_acquire(class, l);
    lock_take(class, l);
}

static inline void lock_release(enum lock_class class, struct lock *l) RELEASES(l) NO_LOCK_ANALYSIS
{
    lockdep_release(class, l);
    lock_give(class, l);
}

#endif
