/* The hooks that a lock passes when it is really taken, whatever the granularity: attempt, acquired,
 * release (it is still held), released. Statistics (lockstat.h), spin watchdog (watchdog.h) and delays (delays.h) hang here and
 * nowhere else; in a build without any they are empty. Included by lock.h.
 */
#ifndef GRAIN_LOCK_LOCKHOOKS_H
#define GRAIN_LOCK_LOCKHOOKS_H

#include "kernel/lock/delays.h"
#include "kernel/lock/lockstat.h"
#include "kernel/lock/watchdog.h"

/* `site`: where in the kernel. */
static inline ALWAYS_INLINE void lock_hook_attempt(uint32_t slot, const struct lock *l,
                                                   const void *site)
{
    delays_here();
    watchdog_attempt(slot, l, site);
    lockstat_attempt(slot);
}

static inline ALWAYS_INLINE void lock_hook_acquired(uint32_t slot, struct lock *l, const void *site)
{
    lockstat_acquired(slot, l, site);
    watchdog_acquired(slot, site);
    delays_here();
}

static inline ALWAYS_INLINE void lock_hook_release(uint32_t slot)
{
    delays_here();
    watchdog_release(slot);
    lockstat_release(slot);
}

static inline ALWAYS_INLINE void lock_hook_released(uint32_t slot)
{
    lockstat_released(slot);
    delays_here();
}

#endif
