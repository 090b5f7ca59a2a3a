/* Physical frames: one record a frame, two zones, a cache of free frames per CPU.
 *
 * The low zone has a kernel address (direct map); page tables, message pages and kernel objects come
 * from it. User pages come from the high zone while it lasts. A frame is free when its count is 0;
 * each mapping and each pin is one reference, and whoever drops the last one frees it.
 *
 * Allocation works on this CPU's caches (owner only) and goes to the global pool, under the pool
 * lock, in batches. The pool has a stock of frames that are zero already: idle CPUs see to it, one at a
 * time, and one of them is woken when half of it is gone. Page tables that are given back are zero, too.
 */
#ifndef GRAIN_MM_FRAME_H
#define GRAIN_MM_FRAME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/layout.h"
#include "kernel/compiler.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"

struct frame {
    _Atomic uint32_t refs;
    uint32_t
        link; /* free in the pool: next free frame. A page table: how many entries are present */
};

extern struct frame *frame_table;
extern uint32_t frame_limit; /* one past the highest frame number */
extern uint32_t frame_total; /* frames that were ever free */

#define FRAME_NONE 0u /* frame 0 is never handed out */

/* Start-up, BSP alone. `table` has room for `limit` records, zeroed. */
void frame_init(struct frame *table, uint32_t limit);
void frame_add(uint32_t pfn);

/* A frame with one reference, or FRAME_NONE. Contents are undefined, or zero for _zeroed. */
uint32_t frame_alloc(enum frame_zone zone) MUST_CHECK;
uint32_t frame_alloc_zeroed(enum frame_zone zone) MUST_CHECK;

static inline void frame_ref(uint32_t pfn)
{
    atomic_fetch_add_explicit(&frame_table[pfn].refs, 1, memory_order_relaxed);
}

static inline uint32_t frame_refs(uint32_t pfn)
{
    return atomic_load_explicit(&frame_table[pfn].refs, memory_order_relaxed);
}

/* Back to this CPU's cache: nobody has a reference any more. */
void frame_free(uint32_t pfn, enum frame_kind kind);

/* Drops one reference; frees the frame with the last. */
static inline void frame_unref(uint32_t pfn)
{
    /* Release, and acquire in whoever drops the last one: its writes to the frame come before the
     * next owner's. */
    uint32_t before = atomic_fetch_sub_explicit(&frame_table[pfn].refs, 1, memory_order_acq_rel);

    ASSERT(before != 0);
    if (before == 1)
        frame_free(pfn, FRAME_DIRTY);
}

/* Drops the only reference to a frame that is all zero, as a page table is whose entries are gone. */
static inline void frame_unref_zeroed(uint32_t pfn)
{
    ASSERT(frame_refs(pfn) == 1);
    atomic_store_explicit(&frame_table[pfn].refs, 0, memory_order_relaxed);
    frame_free(pfn, FRAME_ZEROED);
}

/* No lock, a hint. False when an allocation found half of the stock gone, true when an idle CPU found
 * nothing to do. */
extern atomic_bool frame_stock_is_full;

#define FRAME_WORK 4u /* frames that are zeroed in a row */

/* For an idle CPU: free frames to be zeroed, into pfns[]. Returns how many; 0 if the stock is full, memory
 * is short, or another CPU is at it. Interrupts stay off and no lock is taken until frame_leave_zeroing: the
 * CPU's hands are off them, and whoever finds no other frame may take them back. Then frame_end_zeroing, with
 * how many are zero, the first ones. Meanwhile they count as free. */
uint32_t frame_begin_zeroing(uint32_t pfns[FRAME_WORK]) MUST_CHECK;
void frame_leave_zeroing(void);
void frame_end_zeroing(uint32_t zeroed);

/* Free frames, pool and caches together; exact when the other CPUs are quiet. */
uint32_t frame_count_free(void);
/* Those of them that are zeroed; a guess while other CPUs allocate. */
uint32_t frame_count_zeroed(void);

#endif
