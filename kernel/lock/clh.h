/* CLH lock (Craig 1993; Landin and Hagersten 1994): first come, first served; a waiter spins on its
 * predecessor's word. The release is one store, and looks for nobody.
 *
 * In the textbook a node is one bit, and who has got the lock leaves with his predecessor's node,
 * because his own may still be looked at. Here a node stays with its CPU and says at which lock the
 * CPU is, so locks need no node of their own and can come and go with the memory they are in.
 *
 * A tail stays behind when nobody comes after it. Whoever finds it looks whether that CPU is still at
 * this lock; and if it is, but has come again, behind him, the two would wait for each other. So a CPU
 * comes in one of two turns, in another than that in which it was the last to have the lock. Then none
 * can be mistaken: before it can have the lock a second time, he that found the old tail has had it.
 *
 *   tail, last   bit 0 set, bit 1: turn, bits 2 to 6: CPU; 0: nobody yet
 *   a node       address of the lock, and bits 0 and 1 as above; 0: its CPU is at no lock of the slot
 */
#ifndef GRAIN_LOCK_CLH_H
#define GRAIN_LOCK_CLH_H

#include <stdatomic.h>
#include <stdint.h>

#define CLH_BUSY      1u
#define CLH_TURN      2u
#define CLH_CPU_SHIFT 2
#define CLH_CPU_MASK  31u

_Static_assert(GRAIN_MAX_CPUS <= CLH_CPU_MASK + 1, "a CPU's index has five bits");

struct clh_lock {
    _Atomic uint16_t tail; /* who came last */
    _Atomic uint16_t last; /* who has the lock, or had it last; written by the holder */
} ALIGNED(4);

LOCK_NODES struct clh_nodes {
    _Atomic uintptr_t of[LOCK_SLOTS]; /* written by its CPU alone */
} ALIGNED(64) clh_nodes[GRAIN_MAX_CPUS];

/* What the node of a CPU says that is in this turn at this lock. */
static inline uintptr_t clh_word(const struct clh_lock *l, uint32_t turn)
{
    return (uintptr_t)l | (turn & (CLH_BUSY | CLH_TURN));
}

static inline const _Atomic uintptr_t *clh_node_of(uint32_t turn, uint32_t slot)
{
    return &clh_nodes[turn >> CLH_CPU_SHIFT & CLH_CPU_MASK].of[slot];
}

static inline void clh_acquire(struct clh_lock *l, uint32_t slot)
{
    uint32_t cpu = lock_cpu_index();
    uint16_t mine = (uint16_t)(cpu << CLH_CPU_SHIFT | CLH_BUSY);
    uint32_t before;

    /* Acquire: pairs with the store below. If that is not ours, its writer has looked at our node. */
    if (atomic_load_explicit(&l->last, memory_order_acquire) == mine)
        mine |= CLH_TURN;
    atomic_store_explicit(&clh_nodes[cpu].of[slot], clh_word(l, mine), memory_order_relaxed);
    /* Release: whoever finds `mine` here finds the node as set above, or later. */
    before = atomic_exchange_explicit(&l->tail, mine, memory_order_acq_rel);
    /* Pairs with the store of clh_release. */
    while (atomic_load_explicit(clh_node_of(before, slot), memory_order_acquire) ==
           clh_word(l, before))
        lock_spin();
    atomic_store_explicit(&l->last, mine, memory_order_relaxed);
}

static inline void clh_release(struct clh_lock *l, uint32_t slot)
{
    (void)l;
    atomic_store_explicit(&clh_nodes[lock_cpu_index()].of[slot], 0, memory_order_release);
}

#endif
