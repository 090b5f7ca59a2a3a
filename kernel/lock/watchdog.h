/* The spin watchdog, in builds with lockdep: a CPU that waits too long for a lock says which, who has
 * it and since where, and where it waits itself; then it waits on (or panics), and says so again when
 * it has waited twice as long. Looks at the clock in lock_spin, so it costs nothing where nobody waits.
 */
#ifndef GRAIN_LOCK_WATCHDOG_H
#define GRAIN_LOCK_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lock/lockdep.h"

#define WATCHDOG_DEFAULT_MS 10000u /* beyond what a busy host lets an emulated CPU stand still */

struct lock;

#if GRAIN_LOCKDEP
/* Start-up: report waits of more than so many milliseconds; 0: none. */
void watchdog_set(uint32_t ms, bool panics);

/* A turn of waiting is over. */
void watchdog_look(void);

static inline void watchdog_attempt(uint32_t slot, const struct lock *l, const void *site)
{
    struct lock_cpu *me = lock_this_cpu();

    me->wait_lock = l;
    me->wait_site = site;
    me->wait_start = 0;
    me->waiting = (uint8_t)(slot + 1);
}

static inline void watchdog_acquired(uint32_t slot, const void *site)
{
    struct lock_cpu *me = lock_this_cpu();

    me->waiting = 0;
    if (slot == LOCK_BIG)
        me->big_site = site;
}

static inline void watchdog_release(uint32_t slot)
{
    if (slot == LOCK_BIG)
        lock_this_cpu()->big_site = NULL;
}
#else
static inline void watchdog_set(uint32_t ms, bool panics)
{
    (void)ms;
    (void)panics;
}

static inline void watchdog_look(void)
{
}

static inline void watchdog_attempt(uint32_t slot, const struct lock *l, const void *site)
{
    (void)slot;
    (void)l;
    (void)site;
}

static inline void watchdog_acquired(uint32_t slot, const void *site)
{
    (void)slot;
    (void)site;
}

static inline void watchdog_release(uint32_t slot)
{
    (void)slot;
}
#endif

#endif
