/* MCS lock (Mellor-Crummey and Scott, 1991): first come, first served, and each waiter spins on a
 * word of its own, which its predecessor writes once.
 */
#ifndef GRAIN_LOCK_MCS_H
#define GRAIN_LOCK_MCS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mcs_node {
    struct mcs_node *_Atomic next; /* who comes after; written by that CPU */
    atomic_bool waiting;           /* set by its CPU, cleared by the predecessor */
};

struct mcs_lock {
    struct mcs_node *_Atomic tail; /* the last in line, or the holder; NULL: free */
};

LOCK_NODES struct mcs_nodes {
    struct mcs_node of[LOCK_SLOTS];
} ALIGNED(64) mcs_nodes[GRAIN_MAX_CPUS];

static inline void mcs_acquire(struct mcs_lock *l, uint32_t slot)
{
    struct mcs_node *me = &mcs_nodes[lock_cpu_index()].of[slot];
    struct mcs_node *before;

    atomic_store_explicit(&me->next, NULL, memory_order_relaxed);
    /* Acquire: pairs with the exchange that frees the lock. Release: the node is as set above for
     * whoever finds it here. */
    before = atomic_exchange_explicit(&l->tail, me, memory_order_acq_rel);
    if (before == NULL)
        return;
    atomic_store_explicit(&me->waiting, true, memory_order_relaxed);
    /* Release: `waiting` is set before the predecessor can find us and clear it. */
    atomic_store_explicit(&before->next, me, memory_order_release);
    /* Pairs with the last store of mcs_release. */
    while (atomic_load_explicit(&me->waiting, memory_order_acquire))
        lock_spin();
}

static inline void mcs_release(struct mcs_lock *l, uint32_t slot)
{
    struct mcs_node *me = &mcs_nodes[lock_cpu_index()].of[slot];
    struct mcs_node *next = atomic_load_explicit(&me->next, memory_order_acquire);

    if (next == NULL) {
        struct mcs_node *last = me;

        if (atomic_compare_exchange_strong_explicit(&l->tail, &last, NULL, memory_order_release,
                                                    memory_order_relaxed))
            return;
        /* Somebody is between his exchange and his store. */
        while ((next = atomic_load_explicit(&me->next, memory_order_acquire)) == NULL)
            lock_relax();
    }
    atomic_store_explicit(&next->waiting, false, memory_order_release);
}

#endif
