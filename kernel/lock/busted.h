/* Not a lock: it looks, and takes a moment later. For tests of the tests, which must find it out. */
#ifndef GRAIN_LOCK_BUSTED_H
#define GRAIN_LOCK_BUSTED_H

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
    while (atomic_load_explicit(&l->taken, memory_order_acquire) != 0)
        lock_relax();
    lock_relax(); /* others find it free meanwhile */
    atomic_store_explicit(&l->taken, 1, memory_order_relaxed);
}

static inline void raw_lock_release(struct raw_lock *l)
{
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
