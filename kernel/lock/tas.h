/* Test-and-set lock: every turn of a waiter writes the line. The simplest, and the worst. */
#ifndef GRAIN_LOCK_TAS_H
#define GRAIN_LOCK_TAS_H

#include <stdatomic.h>
#include <stdint.h>

struct raw_lock {
    _Atomic uint32_t taken;
};

static inline void raw_lock_init(struct raw_lock *l)
{
    atomic_init(&l->taken, 0);
}

static inline void raw_lock_acquire(struct raw_lock *l)
{
    /* Pairs with the release store below. */
    while (atomic_exchange_explicit(&l->taken, 1, memory_order_acquire) != 0)
        lock_relax();
}

static inline void raw_lock_release(struct raw_lock *l)
{
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
