/* The frame allocator; see frame.h. Locks: `frame_pool_lock`, a leaf but for the log. */
#include "kernel/mm/frame.h"

#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/check/inject.h"
#include "kernel/check/inside.h"
#include "kernel/cpu.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"

#define FRAME_BATCH (FRAME_CACHE_SIZE / 2)

struct frame *frame_table;
uint32_t frame_limit;
uint32_t frame_total;
static bool frame_has_high; /* immutable after start-up: there is a high zone */

#define FRAME_STOCK 256u /* zeroed frames in a zone's pool that idle CPUs work for */

static struct lock frame_pool_lock;
static struct frame_list {
    uint32_t head GUARDED_BY(&frame_pool_lock);
    _Atomic uint32_t count; /* written under frame_pool_lock; read without it, for a first look */
} frame_pool[FRAME_ZONES][FRAME_KINDS];
/* The frames that an idle CPU zeroes, how many; which CPU that is; whether its hands are off. */
static uint32_t frame_work[FRAME_WORK] GUARDED_BY(&frame_pool_lock);
static _Atomic uint32_t frame_work_count; /* written under frame_pool_lock */
static uint32_t frame_worker GUARDED_BY(&frame_pool_lock);
static atomic_bool frame_work_is_over;
atomic_bool frame_stock_is_full;

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

static inline uint32_t frame_count(const struct frame_list *list)
{
    return counter_read(&list->count);
}

static void frame_push_locked(struct frame_list *list, uint32_t pfn) REQUIRES(&frame_pool_lock)
{
    frame_table[pfn].link = list->head;
    list->head = pfn;
    counter_up(&list->count);
}

static uint32_t frame_pop_locked(struct frame_list *list) REQUIRES(&frame_pool_lock)
{
    uint32_t pfn = list->head;

    if (pfn != FRAME_NONE) {
        list->head = frame_table[pfn].link;
        counter_set(&list->count, frame_count(list) - 1);
        frame_table[pfn].link = 0;
    }
    return pfn;
}

void frame_add(uint32_t pfn) NO_LOCK_ANALYSIS
{
    ASSERT(pfn != FRAME_NONE && pfn < frame_limit);
    frame_push_locked(&frame_pool[frame_zone_of(pfn)][FRAME_DIRTY], pfn);
    frame_has_high |= frame_zone_of(pfn) == FRAME_HIGH;
    frame_total++;
}

/* Of this CPU, with room in it. */
static inline void cache_push(struct frame_cache *cache, uint32_t pfn)
{
    uint32_t count = counter_read(&cache->count);

    cache->pfn[count] = pfn;
    counter_set(&cache->count, count + 1);
}

/* Of this CPU, not empty. */
static inline uint32_t cache_pop(struct frame_cache *cache)
{
    uint32_t count = counter_read(&cache->count) - 1;

    counter_set(&cache->count, count);
    return cache->pfn[count];
}

static NOINLINE void frame_refill(struct frame_cache *cache, struct frame_list *list)
{
    lock_acquire(LOCK_POOL, &frame_pool_lock);
    while (counter_read(&cache->count) < FRAME_BATCH) {
        uint32_t pfn = frame_pop_locked(list);

        if (pfn == FRAME_NONE)
            break;
        cache_push(cache, pfn);
    }
    lock_release(LOCK_POOL, &frame_pool_lock);
}

static NOINLINE void frame_drain(struct frame_cache *cache, struct frame_list *list)
{
    lock_acquire(LOCK_POOL, &frame_pool_lock);
    while (counter_read(&cache->count) > FRAME_BATCH)
        frame_push_locked(list, cache_pop(cache));
    lock_release(LOCK_POOL, &frame_pool_lock);
}

/* Memory is short: what there is in stock is used up, and not added to. */
static bool frame_has_dirty(enum frame_zone zone)
{
    return frame_count(&frame_pool[zone][FRAME_DIRTY]) > FRAME_BATCH;
}

/* The stock, or half of it, is gone. */
static NOINLINE void frame_want_stock(enum frame_zone zone)
{
    atomic_store_explicit(&frame_stock_is_full, false, memory_order_relaxed);
    if (frame_has_dirty(zone) && atomic_load_explicit(&frame_work_count, memory_order_relaxed) == 0)
        sched_rouse();
}

static inline ALWAYS_INLINE uint32_t frame_take_zeroed(enum frame_zone zone)
{
    struct frame_cache *cache = &this_cpu()->frames[zone][FRAME_ZEROED];
    struct frame_list *list = &frame_pool[zone][FRAME_ZEROED];

    if (counter_read(&cache->count) == 0) {
        if (frame_count(list) == 0)
            return FRAME_NONE;
        frame_refill(cache, list);
        if (frame_count(list) < FRAME_STOCK / 2)
            frame_want_stock(zone);
        if (counter_read(&cache->count) == 0)
            return FRAME_NONE;
    }
    return cache_pop(cache);
}

static inline ALWAYS_INLINE uint32_t frame_take_dirty(enum frame_zone zone)
{
    struct frame_cache *cache = &this_cpu()->frames[zone][FRAME_DIRTY];
    struct frame_list *list = &frame_pool[zone][FRAME_DIRTY];

    if (counter_read(&cache->count) == 0) {
        if (frame_count(list) != 0)
            frame_refill(cache, list);
        if (counter_read(&cache->count) == 0)
            return FRAME_NONE;
    }
    return cache_pop(cache);
}

static inline uint32_t frame_start_use(uint32_t pfn)
{
    ASSERT(frame_refs(pfn) == 0);
    frame_table[pfn].link = 0;
    atomic_store_explicit(&frame_table[pfn].refs, 1, memory_order_relaxed);
    return pfn;
}

static inline ALWAYS_INLINE uint32_t frame_alloc_in(enum frame_zone zone)
{
    uint32_t pfn = frame_take_dirty(zone);

    if (unlikely(pfn == FRAME_NONE))
        pfn = frame_take_zeroed(zone);
    return pfn != FRAME_NONE ? frame_start_use(pfn) : FRAME_NONE;
}

static inline ALWAYS_INLINE uint32_t frame_alloc_zeroed_in(enum frame_zone zone)
{
    uint32_t pfn = frame_take_zeroed(zone);

    if (pfn == FRAME_NONE) {
        pfn = frame_take_dirty(zone);
        if (unlikely(pfn == FRAME_NONE))
            return FRAME_NONE;
        if (!sched_nobody_is_idle())
            frame_want_stock(zone);
        paging_zero_frame(pfn);
        shootdown_catch_up(); /* that took a while, and others may wait for this CPU */
    }
    return frame_start_use(pfn);
}

/* Gives back what is in work, the first so many zeroed. */
static void frame_end_work_locked(uint32_t zeroed) REQUIRES(&frame_pool_lock)
{
    uint32_t count = atomic_load_explicit(&frame_work_count, memory_order_relaxed);

    for (uint32_t i = 0; i < count; i++) {
        enum frame_kind kind = i < zeroed ? FRAME_ZEROED : FRAME_DIRTY;

        frame_push_locked(&frame_pool[frame_zone_of(frame_work[i])][kind], frame_work[i]);
    }
    atomic_store_explicit(&frame_work_count, 0, memory_order_relaxed);
}

/* Takes back what another CPU is just zeroing, which needs nothing for it that a holder of locks could
 * keep from it. Returns whether there was something of use for the zone. */
static NOINLINE bool frame_take_back(enum frame_zone zone)
{
    bool found;

    lock_acquire(LOCK_POOL, &frame_pool_lock);
    found = atomic_load_explicit(&frame_work_count, memory_order_relaxed) != 0 &&
            (zone == FRAME_HIGH || frame_zone_of(frame_work[0]) == FRAME_LOW);
    if (found) {
        /* Acquire: pairs with the release in frame_leave_zeroing. */
        while (!atomic_load_explicit(&frame_work_is_over, memory_order_acquire))
            lock_relax();
        frame_end_work_locked(0);
    }
    lock_release(LOCK_POOL, &frame_pool_lock);
    return found;
}

static inline ALWAYS_INLINE uint32_t frame_alloc_kind(enum frame_zone zone, enum frame_kind kind)
{
    uint32_t (*const alloc_in)(enum frame_zone) =
        kind == FRAME_ZEROED ? frame_alloc_zeroed_in : frame_alloc_in;
    uint32_t pfn = FRAME_NONE;

    if (inject_no_frame())
        return FRAME_NONE;
    do {
        if (zone == FRAME_HIGH && frame_has_high)
            pfn = alloc_in(FRAME_HIGH);
        if (pfn == FRAME_NONE)
            pfn = alloc_in(FRAME_LOW);
    } while (unlikely(pfn == FRAME_NONE) && frame_take_back(zone));
    return pfn;
}

uint32_t frame_alloc(enum frame_zone zone)
{
    return frame_alloc_kind(zone, FRAME_DIRTY);
}

uint32_t frame_alloc_zeroed(enum frame_zone zone)
{
    return frame_alloc_kind(zone, FRAME_ZEROED);
}

void frame_free(uint32_t pfn, enum frame_kind kind)
{
    enum frame_zone zone = frame_zone_of(pfn);
    struct frame_cache *cache = &this_cpu()->frames[zone][kind];

    if (counter_read(&cache->count) == FRAME_CACHE_SIZE)
        frame_drain(cache, &frame_pool[zone][kind]);
    cache_push(cache, pfn);
}

static bool frame_stock_is_below(enum frame_zone zone, uint32_t level)
{
    return frame_count(&frame_pool[zone][FRAME_ZEROED]) < level;
}

/* The zone that wants zeroed frames, the high one first: most of them are for user pages. */
static enum frame_zone frame_zone_to_stock(void)
{
    if (frame_has_dirty(FRAME_HIGH) && frame_stock_is_below(FRAME_HIGH, FRAME_STOCK))
        return FRAME_HIGH;
    if (frame_has_dirty(FRAME_LOW) && frame_stock_is_below(FRAME_LOW, FRAME_STOCK))
        return FRAME_LOW;
    return FRAME_ZONES;
}

uint32_t frame_begin_zeroing(uint32_t pfns[FRAME_WORK])
{
    enum frame_zone zone = frame_zone_to_stock();
    uint32_t count = 0;

    if (zone == FRAME_ZONES) {
        if (!frame_stock_is_below(FRAME_LOW, FRAME_STOCK))
            atomic_store_explicit(&frame_stock_is_full, true, memory_order_relaxed);
        return 0;
    }
    if (atomic_load_explicit(&frame_work_count, memory_order_relaxed) != 0)
        return 0;
    lock_acquire(LOCK_POOL, &frame_pool_lock);
    if (atomic_load_explicit(&frame_work_count, memory_order_relaxed) == 0) {
        for (; count < FRAME_WORK; count++) {
            frame_work[count] = frame_pop_locked(&frame_pool[zone][FRAME_DIRTY]);
            if (frame_work[count] == FRAME_NONE)
                break;
            pfns[count] = frame_work[count];
        }
        atomic_store_explicit(&frame_work_count, count, memory_order_relaxed);
        atomic_store_explicit(&frame_work_is_over, false, memory_order_relaxed);
        frame_worker = cpu_id();
    }
    lock_release(LOCK_POOL, &frame_pool_lock);
    return count;
}

void frame_leave_zeroing(void)
{
    atomic_store_explicit(&frame_work_is_over, true, memory_order_release);
}

void frame_end_zeroing(uint32_t zeroed)
{
    lock_acquire(LOCK_POOL, &frame_pool_lock);
    /* Else it was taken back meanwhile, and is another CPU's work by now, or nobody's. */
    if (frame_worker == cpu_id())
        frame_end_work_locked(zeroed);
    lock_release(LOCK_POOL, &frame_pool_lock);
}

static uint32_t frame_count_kind(enum frame_kind kind)
{
    uint32_t total = 0;

    for (uint32_t zone = 0; zone < FRAME_ZONES; zone++) {
        total += frame_count(&frame_pool[zone][kind]);
        for (uint32_t i = 0; i < cpu_count; i++)
            total += counter_read(&cpus[i]->frames[zone][kind].count);
    }
    return total;
}

uint32_t frame_count_free(void)
{
    uint32_t total;

    lock_acquire(LOCK_POOL, &frame_pool_lock);
    total = frame_count_kind(FRAME_DIRTY) + frame_count_kind(FRAME_ZEROED);
    total += atomic_load_explicit(&frame_work_count, memory_order_relaxed);
    lock_release(LOCK_POOL, &frame_pool_lock);
    return total;
}

uint32_t frame_count_zeroed(void)
{
    return frame_count_kind(FRAME_ZEROED);
}

#if GRAIN_KTEST
uint32_t frame_inside_pool(uint32_t zone, uint32_t kind, uint32_t *count,
                           struct lock **lock) NO_LOCK_ANALYSIS
{
    *lock = &frame_pool_lock;
    *count = frame_count(&frame_pool[zone][kind]);
    return frame_pool[zone][kind].head;
}

uint32_t frame_inside_work(void)
{
    return atomic_load(&frame_work_count);
}
#endif
