/* Ticket lock: first come, first served. A CPU draws a number and waits until it is served. */
#ifndef GRAIN_LOCK_TICKET_H
#define GRAIN_LOCK_TICKET_H

#include <stdatomic.h>
#include <stdint.h>

struct raw_lock {
    _Atomic uint16_t next;    /* the number that the next comer draws */
    _Atomic uint16_t serving; /* written by the holder alone */
};

static inline void raw_lock_init(struct raw_lock *l)
{
    atomic_init(&l->next, 0);
    atomic_init(&l->serving, 0);
}

static inline void raw_lock_acquire(struct raw_lock *l)
{
    uint16_t mine = atomic_fetch_add_explicit(&l->next, 1, memory_order_acquire);

    /* Pairs with the release store below: what the last holder wrote is seen from here on. */
    while (atomic_load_explicit(&l->serving, memory_order_acquire) != mine)
        lock_relax();
}

static inline void raw_lock_release(struct raw_lock *l)
{
    uint16_t now = atomic_load_explicit(&l->serving, memory_order_relaxed);

    atomic_store_explicit(&l->serving, (uint16_t)(now + 1), memory_order_release);
}

#endif
