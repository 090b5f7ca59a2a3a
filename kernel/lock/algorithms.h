/* The lock algorithms: one file each, all with the same contract.
 *
 * NAME.h defines
 *
 *   struct NAME_lock                                     all zero: free
 *   void NAME_acquire(struct NAME_lock *l, uint32_t slot)
 *   void NAME_release(struct NAME_lock *l, uint32_t slot)
 *
 * A waiter calls lock_spin() each turn: it pauses, answers TLB shootdowns, counts. acquire is an
 * acquire operation and release a release operation on the lock's own words. `slot` is the lock's
 * class, or LOCK_BIG. A CPU has at most one lock of a class at a time (lockdep) and interrupts are
 * off, so what an algorithm keeps for each CPU and slot (LOCK_NODES) serves one lock at a time.
 *
 * To add one: the file, a line in the list and an include below, its name in meson.build's list.
 */
#ifndef GRAIN_LOCK_ALGORITHMS_H
#define GRAIN_LOCK_ALGORITHMS_H

#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/lock/classes.h"

#define LOCK_ALGORITHM_LIST(X) \
    X(TAS, tas)                \
    X(TTAS, ttas)              \
    X(TICKET, ticket)          \
    X(MCS, mcs)                \
    X(CLH, clh)                \
    X(BUSTED, busted)

/* What a waiter does in a turn, lock.c. */
void lock_wait_turn(void);

/* A waiting CPU calls this once a turn. It keeps all registers, so that a lock that is free costs its
 * user none: what the compiler would save around the call it would save in any case. */
static inline void lock_spin(void)
{
#ifdef __i386__
    __asm__ volatile("call lock_wait_turn_keeping_registers" : : : "memory", "cc");
#else
    lock_wait_turn();
#endif
}

/* This CPU's index, for what an algorithm keeps per CPU. */
#define lock_cpu_index() (lock_this_cpu()->index)

/* In front of an array [GRAIN_MAX_CPUS] that an algorithm needs: lock.c is where it is defined. */
#ifndef LOCK_NODES
#define LOCK_NODES extern
#endif

#include "kernel/lock/busted.h"
#include "kernel/lock/clh.h"
#include "kernel/lock/mcs.h"
#include "kernel/lock/tas.h"
#include "kernel/lock/ticket.h"
#include "kernel/lock/ttas.h"

enum lock_algorithm {
#define X(id, name) LOCK_ALGO_##id,
    LOCK_ALGORITHM_LIST(X)
#undef X
        LOCK_ALGORITHMS
};

/* A lock of whichever algorithm its class has. */
union raw_lock {
#define X(id, name) struct name##_lock name;
    LOCK_ALGORITHM_LIST(X)
#undef X
};

/* What the build chose, for the class and in general; a constant where the class is one. The build
 * defines GRAIN_LOCK_ALGORITHM, and GRAIN_LOCK_OVERRIDES(X) as X(CLASS, ALGORITHM)... or nothing. */
static inline ALWAYS_INLINE enum lock_algorithm lock_algorithm_of(uint32_t slot)
{
    switch (slot) {
#define X(class, algorithm) \
    case LOCK_##class:      \
        return LOCK_ALGO_##algorithm;
        GRAIN_LOCK_OVERRIDES(X)
#undef X
    default:
#define CHOSEN(algorithm)  CHOSEN_(algorithm)
#define CHOSEN_(algorithm) LOCK_ALGO_##algorithm
        return CHOSEN(GRAIN_LOCK_ALGORITHM);
#undef CHOSEN
#undef CHOSEN_
    }
}

static inline ALWAYS_INLINE void raw_acquire(union raw_lock *l, uint32_t slot)
{
    switch (lock_algorithm_of(slot)) {
#define X(id, name)                     \
    case LOCK_ALGO_##id:                \
        name##_acquire(&l->name, slot); \
        break;
        LOCK_ALGORITHM_LIST(X)
#undef X
    case LOCK_ALGORITHMS:
        break;
    }
}

static inline ALWAYS_INLINE void raw_release(union raw_lock *l, uint32_t slot)
{
    switch (lock_algorithm_of(slot)) {
#define X(id, name)                     \
    case LOCK_ALGO_##id:                \
        name##_release(&l->name, slot); \
        break;
        LOCK_ALGORITHM_LIST(X)
#undef X
    case LOCK_ALGORITHMS:
        break;
    }
}

#endif
