/* CLH lock (Craig 1993; Landin and Hagersten 1994): first come, first served; a waiter spins on its
 * predecessor's word. The release is one store, and looks for nobody.
 *
 * In the textbook a node is one bit, and who has got the lock leaves with his predecessor's node,
 * because his own may still be looked at. Here a node stays with its CPU: it is a word with a turn
 * number, so that a waiter who looks late sees another turn and knows that his predecessor's is
 * over. Locks need no node of their own then, and can come and go with the memory they are in.
 *
 *   bit 0       that turn is not over (0 in a lock's tail)
 *   bits 1-5    CPU
 *   bits 6-31   turn: counts the CPU's acquisitions of this slot, modulo 2^26
 *
 * A tail that was left behind 2^26 turns ago can look like the turn its CPU is at now. If that is the
 * comer himself he knows better; another one waits for the end of that turn, of another lock of the
 * class, and goes on.
 */
#ifndef GRAIN_LOCK_CLH_H
#define GRAIN_LOCK_CLH_H

#include <stdatomic.h>
#include <stdint.h>

#define CLH_BUSY      1u
#define CLH_CPU_SHIFT 1
#define CLH_CPU_MASK  31u
#define CLH_TURN      64u

_Static_assert(GRAIN_MAX_CPUS <= CLH_CPU_MASK + 1, "a CPU's index has five bits");

struct clh_lock {
    _Atomic uint32_t tail; /* CPU and turn of the last comer; 0: no turn, so nobody */
};

LOCK_NODES struct clh_nodes {
    _Atomic uint32_t of[LOCK_SLOTS]; /* written by its CPU alone */
} ALIGNED(64) clh_nodes[GRAIN_MAX_CPUS];

static inline void clh_acquire(struct clh_lock *l, uint32_t slot)
{
    uint32_t cpu = lock_cpu_index();
    _Atomic uint32_t *me = &clh_nodes[cpu].of[slot];
    uint32_t turn = atomic_load_explicit(me, memory_order_relaxed) & ~(CLH_TURN - 1);
    uint32_t mine = (turn + CLH_TURN) | cpu << CLH_CPU_SHIFT;
    uint32_t before;
    const _Atomic uint32_t *other;

    atomic_store_explicit(me, mine | CLH_BUSY, memory_order_relaxed);
    /* Release: whoever finds `mine` here finds the word above busy, or later. */
    before = atomic_exchange_explicit(&l->tail, mine, memory_order_acq_rel);
    other = &clh_nodes[before >> CLH_CPU_SHIFT & CLH_CPU_MASK].of[slot];
    /* Pairs with the store of clh_release. */
    while (atomic_load_explicit(other, memory_order_acquire) == (before | CLH_BUSY) &&
           before != mine)
        lock_spin();
}

static inline void clh_release(struct clh_lock *l, uint32_t slot)
{
    _Atomic uint32_t *me = &clh_nodes[lock_cpu_index()].of[slot];

    (void)l;
    atomic_store_explicit(me, atomic_load_explicit(me, memory_order_relaxed) & ~CLH_BUSY,
                          memory_order_release);
}

#endif
