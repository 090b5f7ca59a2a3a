/* What each CPU knows of the locks it holds: for the order checks (lockdep, debug and test builds),
 * for asserts, for the panic report and for the spin watchdog (watchdog.h).
 *
 * Checked at each acquire: rising rank, never two of a class, never the same lock twice; at the way
 * out of the kernel and into halt: nothing held. Both sites are named.
 */
#ifndef GRAIN_LOCK_LOCKDEP_H
#define GRAIN_LOCK_LOCKDEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/lock/classes.h"

#define LOCKDEP_DEPTH 7

struct lock;

struct lock_held {
    const struct lock *lock;
    const void *site; /* where it was taken */
    enum lock_class class;
};

/* Written by the owner CPU only; the watchdogs of other CPUs read it as it stands. The first member of
 * struct cpu, so its address is known without that struct. */
struct lock_cpu {
    uint8_t index;               /* of the CPU; immutable */
    uint8_t waiting;             /* lockdep: slot of the lock it waits for + 1; 0: none */
    uint8_t nesting[LOCK_SLOTS]; /* `subsystem`: how often the class's lock is held */
    uint32_t depth;
    struct lock_held held[LOCKDEP_DEPTH]; /* while it waits, the last one is not held yet */

    /* Watchdog. */
    const void *wait_lock;
    const void *wait_site;
    const void *big_site; /* where it took the big lock; NULL: it has not got it */
    uint64_t wait_start;  /* of the wait, microseconds; 0: it has not looked yet */
    uint64_t wait_bound;  /* report when it has lasted so long; a test reads it, below 2^32 */
};
#ifndef GRAIN_HOST
_Static_assert(sizeof(struct lock_cpu) <= 128, "the fields of struct cpu behind it stay in place");
#endif

#ifdef GRAIN_HOST
extern _Thread_local struct lock_cpu lock_host_cpu;
#define lock_this_cpu() (&lock_host_cpu)
#else
#include "kernel/arch/x86/memlayout.h"
#define lock_this_cpu() ((struct lock_cpu *)PERCPU_CPU)
#endif

#define lock_nesting(class) (lock_this_cpu()->nesting[class])

#if GRAIN_LOCKDEP
void lockdep_push(enum lock_class class, const struct lock *l, const void *site);
void lockdep_pop(const struct lock *l);
bool lockdep_holds(const struct lock *l);
void lockdep_assert_none(const char *where);

static inline ALWAYS_INLINE void lockdep_acquire(enum lock_class class, const struct lock *l)
{
    lockdep_push(class, l, code_address());
}

static inline void lockdep_release(enum lock_class class, const struct lock *l)
{
    (void)class;
    lockdep_pop(l);
}

static inline bool lock_is_held(const struct lock *l)
{
    return lockdep_holds(l);
}
#else
static inline void lockdep_acquire(enum lock_class class, const struct lock *l)
{
    (void)class;
    (void)l;
}

static inline void lockdep_release(enum lock_class class, const struct lock *l)
{
    (void)class;
    (void)l;
}

static inline bool lock_is_held(const struct lock *l)
{
    (void)l;
    return true;
}

static inline void lockdep_assert_none(const char *where)
{
    (void)where;
}
#endif

/* By index: those of all CPUs that there are. Written at start-up. */
extern struct lock_cpu *lock_cpus[GRAIN_MAX_CPUS];

/* Start-up: the CPU with that index will use `cpu`. Before it takes a lock. */
void lock_init_cpu(struct lock_cpu *cpu, uint32_t index);

/* Name and rank of a slot: its class's, or "big" and 0. */
const char *lock_slot_name(uint32_t slot);
uint32_t lock_slot_rank(uint32_t slot);

/* For the panic report: one line a lock that this CPU holds. */
void lock_print_held(void);

#endif
