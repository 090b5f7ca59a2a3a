/* Test-and-set lock: every turn of a waiter writes the line. The simplest, and the worst. */
#ifndef GRAIN_LOCK_TAS_H
#define GRAIN_LOCK_TAS_H

#include <stdatomic.h>
#include <stdint.h>

struct tas_lock {
    _Atomic uint32_t taken;
};

static inline void tas_acquire(struct tas_lock *l, uint32_t slot)
{
    (void)slot;
    /* Pairs with the release store below. */
    while (atomic_exchange_explicit(&l->taken, 1, memory_order_acquire) != 0)
        lock_spin();
}

static inline void tas_release(struct tas_lock *l, uint32_t slot)
{
    (void)slot;
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
