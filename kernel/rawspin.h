/* A bare test-and-set lock, for what lies below the lock framework: the log, panics, the IOAPIC's
 * register pair. No class, no rank, no statistics; holders run a few instructions or one log line.
 */
#ifndef GRAIN_KERNEL_RAWSPIN_H
#define GRAIN_KERNEL_RAWSPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch.h"

struct rawspin {
    atomic_bool taken;
};

/* Returns false if the lock was not had in so many looks at it. */
static inline bool rawspin_lock_bounded(struct rawspin *lock, uint32_t looks)
{
    while (atomic_exchange_explicit(&lock->taken, true, memory_order_acquire)) {
        do {
            if (looks-- == 0)
                return false;
            cpu_relax();
        } while (atomic_load_explicit(&lock->taken, memory_order_relaxed));
    }
    return true;
}

static inline void rawspin_lock(struct rawspin *lock)
{
    while (!rawspin_lock_bounded(lock, UINT32_MAX)) {}
}

static inline void rawspin_unlock(struct rawspin *lock)
{
    atomic_store_explicit(&lock->taken, false, memory_order_release);
}

#endif
