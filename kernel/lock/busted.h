/* Not a lock: it looks, and takes a moment later. For tests of the tests, which must find it out. */
#ifndef GRAIN_LOCK_BUSTED_H
#define GRAIN_LOCK_BUSTED_H

#include <stdatomic.h>
#include <stdint.h>

struct busted_lock {
    _Atomic uint32_t taken;
};

static inline void busted_acquire(struct busted_lock *l, uint32_t slot)
{
    (void)slot;
    while (atomic_load_explicit(&l->taken, memory_order_acquire) != 0)
        lock_spin();
    lock_spin(); /* others find it free meanwhile */
    atomic_store_explicit(&l->taken, 1, memory_order_relaxed);
}

static inline void busted_release(struct busted_lock *l, uint32_t slot)
{
    (void)slot;
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
