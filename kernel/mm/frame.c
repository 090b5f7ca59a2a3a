/* The frame allocator; see frame.h. Locks: `frame_pool_lock`, a leaf but for the log. */
#include "kernel/mm/frame.h"

#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/check/inside.h"
#include "kernel/cpu.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"

#define FRAME_BATCH (FRAME_CACHE_SIZE / 2)

struct frame *frame_table;
uint32_t frame_limit;
uint32_t frame_total;

static struct lock frame_pool_lock;
static struct {
    uint32_t head;
    uint32_t count;
} frame_pool[FRAME_ZONES] GUARDED_BY(&frame_pool_lock);

static enum frame_zone frame_zone_of(uint32_t pfn)
{
    return pfn < DIRECT_MAP_SIZE >> PAGE_SHIFT ? FRAME_LOW : FRAME_HIGH;
}

void frame_init(struct frame *table, uint32_t limit)
{
    frame_table = table;
    frame_limit = limit;
    lock_init(&frame_pool_lock);
}

static void frame_push_locked(enum frame_zone zone, uint32_t pfn) REQUIRES(&frame_pool_lock)
{
    frame_table[pfn].link = frame_pool[zone].head;
    frame_pool[zone].head = pfn;
    frame_pool[zone].count++;
}

static uint32_t frame_pop_locked(enum frame_zone zone) REQUIRES(&frame_pool_lock)
{
    uint32_t pfn = frame_pool[zone].head;

    if (pfn != FRAME_NONE) {
        frame_pool[zone].head = frame_table[pfn].link;
        frame_pool[zone].count--;
        frame_table[pfn].link = 0;
    }
    return pfn;
}

void frame_add(uint32_t pfn) NO_LOCK_ANALYSIS
{
    ASSERT(pfn != FRAME_NONE && pfn < frame_limit);
    frame_push_locked(frame_zone_of(pfn), pfn);
    frame_total++;
}

static void frame_refill(enum frame_zone zone)
{
    struct frame_cache *cache = &this_cpu()->frames[zone];

    lock_acquire(LOCK_POOL, &frame_pool_lock);
    while (cache->count < FRAME_BATCH) {
        uint32_t pfn = frame_pop_locked(zone);

        if (pfn == FRAME_NONE)
            break;
        cache->pfn[cache->count++] = pfn;
    }
    lock_release(LOCK_POOL, &frame_pool_lock);
}

static void frame_drain(enum frame_zone zone)
{
    struct frame_cache *cache = &this_cpu()->frames[zone];

    lock_acquire(LOCK_POOL, &frame_pool_lock);
    while (cache->count > FRAME_BATCH)
        frame_push_locked(zone, cache->pfn[--cache->count]);
    lock_release(LOCK_POOL, &frame_pool_lock);
}

static uint32_t frame_alloc_zone(enum frame_zone zone)
{
    struct frame_cache *cache = &this_cpu()->frames[zone];
    uint32_t pfn;

    if (cache->count == 0)
        frame_refill(zone);
    if (cache->count == 0)
        return FRAME_NONE;
    pfn = cache->pfn[--cache->count];
    ASSERT(frame_refs(pfn) == 0);
    frame_table[pfn].link = 0;
    atomic_store_explicit(&frame_table[pfn].refs, 1, memory_order_relaxed);
    return pfn;
}

uint32_t frame_alloc(enum frame_zone zone)
{
    uint32_t pfn = frame_alloc_zone(zone);

    if (pfn == FRAME_NONE && zone == FRAME_HIGH)
        pfn = frame_alloc_zone(FRAME_LOW);
    return pfn;
}

uint32_t frame_alloc_zeroed(enum frame_zone zone)
{
    uint32_t pfn = frame_alloc(zone);

    if (pfn != FRAME_NONE) {
        paging_zero_frame(pfn);
        shootdown_catch_up(); /* that took a while, and others may wait for this CPU */
    }
    return pfn;
}

void frame_free(uint32_t pfn)
{
    enum frame_zone zone = frame_zone_of(pfn);
    struct frame_cache *cache = &this_cpu()->frames[zone];

    if (cache->count == FRAME_CACHE_SIZE)
        frame_drain(zone);
    cache->pfn[cache->count++] = pfn;
}

uint32_t frame_count_free(void)
{
    uint32_t total;

    lock_acquire(LOCK_POOL, &frame_pool_lock);
    total = frame_pool[FRAME_LOW].count + frame_pool[FRAME_HIGH].count;
    lock_release(LOCK_POOL, &frame_pool_lock);
    for (uint32_t i = 0; i < cpu_count; i++) {
        for (uint32_t zone = 0; zone < FRAME_ZONES; zone++)
            total += READ_ONCE(cpus[i]->frames[zone].count);
    }
    return total;
}

#if GRAIN_KTEST
uint32_t frame_inside_pool(uint32_t zone, uint32_t *count, struct lock **lock) NO_LOCK_ANALYSIS
{
    *lock = &frame_pool_lock;
    *count = frame_pool[zone].count;
    return frame_pool[zone].head;
}
#endif
