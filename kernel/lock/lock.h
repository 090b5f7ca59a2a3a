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
 *
 * A lock that is really taken passes four hooks, lock_hook_attempt, _acquired, _release and
 * _released (lockhooks.h), the only places where statistics and the spin watchdog look at it.
 */
#ifndef GRAIN_LOCK_LOCK_H
#define GRAIN_LOCK_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/lock/annotations.h"
#include "kernel/lock/classes.h"
#include "kernel/lock/options.h"

/* What a CPU does in each turn of a loop that waits for another (kernel/mm/shootdown.c). */
void lock_relax(void);

struct lock;

#include "kernel/lock/lockdep.h"
/* In this order. */
#include "kernel/lock/algorithms.h"

struct CAPABILITY("lock") lock {
    union raw_lock raw;
#if GRAIN_LOCKSTAT == LOCKSTAT_FULL
    /* Guarded by the lock itself. */
    uint16_t last_cpu; /* who had it last: index + 1; 0: nobody yet */
    uint16_t run;      /* how often in a row, at most UINT16_MAX */
#endif
#if GRAIN_LOCK_PADDED
} ALIGNED(LOCK_SIZE);
#else
};
#endif
#ifndef GRAIN_HOST
_Static_assert(sizeof(struct lock) == LOCK_SIZE, "options.h");
#endif

/* The locks that all CPUs share in the coarser builds; each on a cache line of its own. */
struct shared_lock {
    struct lock lock;
} ALIGNED(64);

extern struct shared_lock lock_subsystem[LOCK_CLASSES];
extern struct shared_lock lock_big;

#include "kernel/lock/lockhooks.h"

static inline void lock_init(struct lock *l)
{
    *l = (struct lock){.raw = {{0}}};
}

/* Slot: class, or LOCK_BIG. These two take and give the lock that the granularity chose. */
static inline ALWAYS_INLINE void lock_get(uint32_t slot, struct lock *l)
{
    /* Only where a hook wants it: the address costs an instruction. */
    const void *site = GRAIN_LOCKDEP != 0 || GRAIN_LOCKSTAT != 0 ? code_address() : NULL;

    lock_hook_attempt(slot, l, site);
    raw_acquire(&l->raw, slot);
    lock_hook_acquired(slot, l, site);
}

static inline ALWAYS_INLINE void lock_put(uint32_t slot, struct lock *l)
{
    lock_hook_release(slot);
    raw_release(&l->raw, slot);
    lock_hook_released(slot);
}

#if GRAIN_LOCK_GRANULARITY_BIG

static inline ALWAYS_INLINE void lock_take(enum lock_class class, struct lock *l)
{
    (void)class;
    (void)l;
}

static inline ALWAYS_INLINE void lock_give(enum lock_class class, struct lock *l)
{
    (void)class;
    (void)l;
}

#elif GRAIN_LOCK_GRANULARITY_SUBSYSTEM

static inline ALWAYS_INLINE void lock_take(enum lock_class class, struct lock *l)
{
    (void)l;
    if (lock_nesting(class)++ == 0)
        lock_get(class, &lock_subsystem[class].lock);
}

static inline ALWAYS_INLINE void lock_give(enum lock_class class, struct lock *l)
{
    (void)l;
    if (--lock_nesting(class) == 0)
        lock_put(class, &lock_subsystem[class].lock);
}

#else

    static inline ALWAYS_INLINE void lock_take(enum lock_class class, struct lock *l)
    {
        lock_get(class, l);
    }

    static inline ALWAYS_INLINE void lock_give(enum lock_class class, struct lock *l)
    {
        lock_put(class, l);
    }

#endif

/* At each entry into the kernel and exit from it, entry.S included: the big lock if there is one, and
 * the clock of the longest way through the kernel. */
static inline ALWAYS_INLINE void kernel_enter(void)
{
    lockstat_enter();
#if GRAIN_LOCK_GRANULARITY_BIG
    lock_get(LOCK_BIG, &lock_big.lock);
#endif
}

static inline ALWAYS_INLINE void kernel_exit(void)
{
#if GRAIN_LOCK_GRANULARITY_BIG
    lock_put(LOCK_BIG, &lock_big.lock);
#endif
    lockstat_exit();
}

/* Inlined for certain: lockdep notes where it stands. */
static inline ALWAYS_INLINE void lock_acquire(enum lock_class class, struct lock *l)
    ACQUIRES(l) NO_LOCK_ANALYSIS
{
    lockdep_acquire(class, l);
    lock_take(class, l);
}

static inline ALWAYS_INLINE void lock_release(enum lock_class class, struct lock *l)
    RELEASES(l) NO_LOCK_ANALYSIS
{
    lockdep_release(class, l);
    lock_give(class, l);
}

#endif
