/* Ticket lock: first come, first served. A CPU draws a number and waits until it is served. */
#ifndef GRAIN_LOCK_TICKET_H
#define GRAIN_LOCK_TICKET_H

#include <stdatomic.h>
#include <stdint.h>

struct ticket_lock {
    _Atomic uint16_t next;    /* the number that the next comer draws */
    _Atomic uint16_t serving; /* written by the holder alone */
};

static inline void ticket_acquire(struct ticket_lock *l, uint32_t slot)
{
    uint16_t mine = atomic_fetch_add_explicit(&l->next, 1, memory_order_acquire);

    (void)slot;
    /* Pairs with the release store below: what the last holder wrote is seen from here on. */
    while (atomic_load_explicit(&l->serving, memory_order_acquire) != mine)
        lock_spin();
}

static inline void ticket_release(struct ticket_lock *l, uint32_t slot)
{
    uint16_t now = atomic_load_explicit(&l->serving, memory_order_relaxed);

    (void)slot;
    atomic_store_explicit(&l->serving, (uint16_t)(now + 1), memory_order_release);
}

#endif
