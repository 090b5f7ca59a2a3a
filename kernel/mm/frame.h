/* Physical frames: one record a frame, two zones, a cache of free frames per CPU.
 *
 * The low zone has a kernel address (direct map); page tables, message pages and kernel objects come
 * from it. User pages come from the high zone while it lasts. A frame is free when its count is 0;
 * each mapping and each pin is one reference, and whoever drops the last one frees it.
 *
 * Allocation works on this CPU's cache (owner only) and goes to the global pool, under the pool
 * lock, in batches.
 */
#ifndef GRAIN_MM_FRAME_H
#define GRAIN_MM_FRAME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/layout.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"

enum frame_zone {
    FRAME_LOW,  /* below the end of the direct map */
    FRAME_HIGH, /* above; falls back to low */
    FRAME_ZONES
};

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
void frame_free(uint32_t pfn);

/* Drops one reference; frees the frame with the last. */
static inline void frame_unref(uint32_t pfn)
{
    /* Release, and acquire in whoever drops the last one: its writes to the frame come before the
     * next owner's. */
    uint32_t before = atomic_fetch_sub_explicit(&frame_table[pfn].refs, 1, memory_order_acq_rel);

    ASSERT(before != 0);
    if (before == 1)
        frame_free(pfn);
}

/* Free frames, pool and caches together; exact when the other CPUs are quiet. */
uint32_t frame_count_free(void);

#endif
