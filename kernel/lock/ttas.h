/* Test-and-test-and-set lock: waiters read until the lock looks free, and only then write. */
#ifndef GRAIN_LOCK_TTAS_H
#define GRAIN_LOCK_TTAS_H

#include <stdatomic.h>
#include <stdint.h>

struct ttas_lock {
    _Atomic uint32_t taken;
};

static inline void ttas_acquire(struct ttas_lock *l, uint32_t slot)
{
    (void)slot;
    /* Pairs with the release store below. */
    while (atomic_exchange_explicit(&l->taken, 1, memory_order_acquire) != 0) {
        while (atomic_load_explicit(&l->taken, memory_order_relaxed) != 0)
            lock_spin();
    }
}

static inline void ttas_release(struct ttas_lock *l, uint32_t slot)
{
    (void)slot;
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
