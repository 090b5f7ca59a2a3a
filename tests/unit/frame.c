/* kernel/mm/frame.c on a made-up machine: zones, caches, references, exhaustion. */
#include "kernel/mm/frame.h"

#include <pthread.h>

#include "kernel/arch/x86/paging.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "machine_host.h"
#include "panic_host.h"
#include "unit.h"

#define LOW    500u
#define HIGH   300u
#define ROUNDS 100000u

static uint32_t held[LOW + HIGH];
static uint32_t held_count;

static bool is_low(uint32_t pfn)
{
    return pfn >= MACHINE_LOW_FIRST && pfn < MACHINE_LOW_FIRST + LOW;
}

static bool is_high(uint32_t pfn)
{
    return pfn >= MACHINE_HIGH_FIRST && pfn < MACHINE_HIGH_FIRST + HIGH;
}

static void start(void)
{
    machine_init(LOW, HIGH);
    held_count = 0;
}

static void hold(uint32_t pfn)
{
    held[held_count++] = pfn;
}

static void frame_all_free_at_first(void)
{
    start();
    CHECK_INT(frame_total, LOW + HIGH);
    CHECK_INT(frame_count_free(), LOW + HIGH);
}

static void frame_low_stays_low(void)
{
    start();
    for (uint32_t i = 0; i < LOW; i++) {
        hold(frame_alloc(FRAME_LOW));
        CHECK(is_low(held[i]));
    }
    CHECK_INT(frame_alloc(FRAME_LOW), FRAME_NONE);
    CHECK_INT(frame_count_free(), HIGH);
}

static void frame_high_falls_back_to_low(void)
{
    start();
    for (uint32_t i = 0; i < HIGH; i++)
        CHECK(is_high(frame_alloc(FRAME_HIGH)));
    for (uint32_t i = 0; i < LOW; i++)
        CHECK(is_low(frame_alloc(FRAME_HIGH)));
    CHECK_INT(frame_alloc(FRAME_HIGH), FRAME_NONE);
    CHECK_INT(frame_count_free(), 0);
}

static void frame_comes_once(void)
{
    static bool seen[MACHINE_HIGH_FIRST + HIGH];
    uint32_t pfn;

    start();
    memset(seen, 0, sizeof(seen));
    while ((pfn = frame_alloc(FRAME_HIGH)) != FRAME_NONE) {
        CHECK(!seen[pfn]);
        CHECK_INT(frame_refs(pfn), 1);
        CHECK_INT(frame_table[pfn].link, 0);
        seen[pfn] = true;
    }
}

static void frame_zeroed_is_zero(void)
{
    static const char zero[PAGE_SIZE];
    uint32_t pfn;

    start();
    pfn = frame_alloc(FRAME_HIGH);
    memset(host_memory + ((size_t)pfn << PAGE_SHIFT), 0xaa, PAGE_SIZE);
    frame_unref(pfn);
    CHECK_INT(frame_alloc_zeroed(FRAME_HIGH), pfn);
    CHECK(memcmp(host_memory + ((size_t)pfn << PAGE_SHIFT), zero, PAGE_SIZE) == 0);
}

/* What an idle CPU does, until so many more are zero; returns how many there were to be zeroed. */
static uint32_t zero_frames(uint32_t most)
{
    uint32_t done = 0;

    while (done < most) {
        uint32_t pfns[FRAME_WORK];
        uint32_t count = frame_begin_zeroing(pfns);
        uint32_t i = 0;

        if (count == 0)
            break;
        while (i < count && done < most) {
            paging_zero_frame(pfns[i++]);
            done++;
        }
        frame_leave_zeroing();
        frame_end_zeroing(i);
    }
    return done;
}

static void frame_stock_comes_first(void)
{
    char *page;

    start();
    memset(host_memory + ((size_t)MACHINE_LOW_FIRST << PAGE_SHIFT), 0xaa, LOW * PAGE_SIZE);
    CHECK_INT(zero_frames(10), 10);
    CHECK_INT(frame_count_free(), LOW + HIGH);
    machine_zeroed = 0;
    for (uint32_t i = 0; i < 10; i++)
        CHECK(is_high(frame_alloc_zeroed(FRAME_HIGH)));
    CHECK_INT(machine_zeroed, 0);
    CHECK(is_high(frame_alloc_zeroed(FRAME_HIGH)));
    CHECK_INT(machine_zeroed, 1);
    page = host_memory + ((size_t)frame_alloc_zeroed(FRAME_LOW) << PAGE_SHIFT);
    CHECK_INT(machine_zeroed, 2);
    CHECK(page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0);
    CHECK_INT(frame_count_free(), LOW + HIGH - 12);
}

/* A stock in each zone, and then there is nothing to do. */
static void frame_stock_has_an_end(void)
{
    uint32_t done;

    start();
    done = zero_frames(LOW + HIGH);
    CHECK(done > 100);
    CHECK(done < LOW + HIGH);
    CHECK_INT(zero_frames(1), 0);
    CHECK_INT(frame_count_free(), LOW + HIGH);
}

/* One CPU at a time; its frames count as free, and are handed out last. */
static void frame_in_work(void)
{
    uint32_t pfns[FRAME_WORK];
    uint32_t more[FRAME_WORK];
    uint32_t pfn;

    start();
    CHECK_INT(frame_begin_zeroing(pfns), FRAME_WORK);
    CHECK(is_high(pfns[0]));
    CHECK_INT(frame_begin_zeroing(more), 0);
    CHECK_INT(frame_count_free(), LOW + HIGH);
    for (uint32_t i = 0; i < LOW + HIGH - FRAME_WORK; i++)
        hold(frame_alloc(FRAME_HIGH));
    CHECK_INT(frame_count_free(), FRAME_WORK);
    memset(host_memory + ((size_t)pfns[1] << PAGE_SHIFT), 0xaa, PAGE_SIZE);
    frame_leave_zeroing();
    CHECK_INT(frame_alloc(FRAME_LOW), FRAME_NONE); /* they are none of those */
    for (uint32_t i = 0; i < FRAME_WORK; i++) {
        pfn = frame_alloc_zeroed(FRAME_HIGH);
        CHECK(is_high(pfn));
        CHECK(host_memory[((size_t)pfn << PAGE_SHIFT) + 1] == 0);
    }
    CHECK_INT(frame_alloc(FRAME_HIGH), FRAME_NONE);
    frame_end_zeroing(FRAME_WORK);
    CHECK_INT(frame_count_free(), 0);
    CHECK_INT(machine_count_used(), LOW + HIGH);
}

/* A CPU that zeroes and one that takes all there is: the last frames may be in work. */
static void *exhaust_thread(void *arg)
{
    uint32_t *taken = arg;

    machine_enter_cpu(1);
    while (frame_alloc(FRAME_HIGH) != FRAME_NONE)
        (*taken)++;
    return NULL;
}

static void frame_in_work_is_taken_back(void)
{
    for (uint32_t i = 0; i < 50; i++) {
        pthread_t thread;
        uint32_t taken = 0;
        uint32_t pfns[FRAME_WORK];

        start();
        CHECK_INT(frame_begin_zeroing(pfns), FRAME_WORK);
        CHECK(pthread_create(&thread, NULL, exhaust_thread, &taken) == 0);
        for (uint32_t k = 0; k < FRAME_WORK; k++)
            paging_zero_frame(pfns[k]);
        frame_leave_zeroing();
        frame_end_zeroing(FRAME_WORK);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_INT(taken, LOW + HIGH);
        CHECK_INT(machine_count_used(), LOW + HIGH);
    }
}

/* Memory is short: the stock goes to whoever wants any frame, and nobody adds to it. */
static void frame_stock_is_no_reserve(void)
{
    start();
    (void)zero_frames(LOW + HIGH);
    for (uint32_t i = 0; i < LOW + HIGH; i++)
        hold(frame_alloc(FRAME_HIGH));
    CHECK_INT(frame_alloc(FRAME_HIGH), FRAME_NONE);
    CHECK_INT(machine_count_used(), LOW + HIGH);
    frame_unref(held[--held_count]);
    CHECK_INT(zero_frames(1), 0);
    CHECK(frame_alloc_zeroed(FRAME_HIGH) != FRAME_NONE);
}

/* An idle CPU is woken when half of it is gone, and not for each frame. */
static void frame_stock_is_asked_for(void)
{
    uint32_t pfns[FRAME_WORK];
    uint32_t stock;

    start();
    stock = zero_frames(LOW + HIGH) / 2; /* so many in each zone */
    atomic_store(&cpu_idle_mask, 2);
    machine_roused = 0;
    while (held_count < stock / 4)
        hold(frame_alloc_zeroed(FRAME_LOW));
    CHECK_INT(machine_roused, 0);
    while (held_count < stock * 3 / 4)
        hold(frame_alloc_zeroed(FRAME_LOW));
    CHECK(machine_roused > 0);
    CHECK(machine_roused < stock / 16);
    atomic_store(&cpu_idle_mask, 0);
    CHECK_INT(frame_begin_zeroing(pfns), FRAME_WORK);
    CHECK(is_low(pfns[0]));
    frame_leave_zeroing();
    frame_end_zeroing(0);
}

static void frame_lives_until_last_reference(void)
{
    uint32_t pfn;

    start();
    pfn = frame_alloc(FRAME_LOW);
    frame_ref(pfn);
    frame_ref(pfn);
    frame_unref(pfn);
    frame_unref(pfn);
    CHECK_INT(frame_refs(pfn), 1);
    CHECK_INT(frame_count_free(), LOW + HIGH - 1);
    frame_unref(pfn);
    CHECK_INT(frame_count_free(), LOW + HIGH);
}

static void frame_freed_twice_panics(void)
{
    uint32_t pfn;

    start();
    pfn = frame_alloc(FRAME_LOW);
    frame_unref(pfn);
    CHECK(PANICS(frame_unref(pfn)));
}

/* More than a cache holds come back: the rest is in the pool, for other CPUs. */
static void frame_cache_drains_to_pool(void)
{
    start();
    while (held_count < LOW)
        hold(frame_alloc(FRAME_LOW));
    while (held_count > 0)
        frame_unref(held[--held_count]);
    CHECK(cpu_host.frames[FRAME_LOW][FRAME_DIRTY].count <= FRAME_CACHE_SIZE);
    CHECK_INT(frame_count_free(), LOW + HIGH);
    cpus[1]->frames[FRAME_LOW][FRAME_DIRTY] = cpu_host.frames[FRAME_LOW][FRAME_DIRTY];
    cpu_host.frames[FRAME_LOW][FRAME_DIRTY].count = 0;
    for (uint32_t left = LOW - cpus[1]->frames[FRAME_LOW][FRAME_DIRTY].count; left > 0; left--)
        CHECK(is_low(frame_alloc(FRAME_LOW)));
    CHECK_INT(frame_alloc(FRAME_LOW), FRAME_NONE);
}

static void frame_random_counts_add_up(void)
{
    bool good = true;

    start();
    for (uint32_t i = 0; i < ROUNDS && good; i++) {
        bool is_full = held_count == LOW + HIGH;

        if (!is_full && unit_random(1000) < 500 + 300 * (i / 5000 % 2)) {
            uint32_t pfn = frame_alloc(unit_random(2) == 0 ? FRAME_LOW : FRAME_HIGH);

            if (pfn != FRAME_NONE)
                hold(pfn);
        } else if (held_count > 0) {
            uint32_t at = unit_random(held_count);

            frame_unref(held[at]);
            held[at] = held[--held_count];
        }
        good = frame_count_free() == LOW + HIGH - held_count;
    }
    CHECK(good);
    CHECK_INT(machine_count_used(), held_count);
}

/* Threads as CPUs. Each marks what it holds: nobody else's mark may appear. */
static _Atomic uint32_t owners[MACHINE_HIGH_FIRST + HIGH];
static _Atomic uint32_t collisions;

static void cpu_round(uint32_t me, uint32_t *mine)
{
    uint32_t count = 0;

    (void)zero_frames(5);
    while (count < 100) {
        uint32_t pfn = count % 2 == 0 ? frame_alloc(FRAME_HIGH) : frame_alloc_zeroed(FRAME_HIGH);

        if (pfn == FRAME_NONE)
            break;
        if (atomic_exchange(&owners[pfn], me) != 0)
            atomic_fetch_add(&collisions, 1);
        mine[count++] = pfn;
    }
    while (count > 0) {
        atomic_store(&owners[mine[--count]], 0);
        frame_unref(mine[count]);
    }
}

static void *cpu_thread(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;
    uint32_t mine[100];

    machine_enter_cpu(me);
    for (uint32_t i = 0; i < 300; i++)
        cpu_round(me + 1, mine);
    for (uint32_t zone = 0; zone < FRAME_ZONES; zone++) {
        for (uint32_t kind = 0; kind < FRAME_KINDS; kind++)
            atomic_fetch_add(&owners[0], cpu_host.frames[zone][kind].count);
    }
    return NULL;
}

static void frame_cpus_at_once(void)
{
    pthread_t threads[MACHINE_CPUS];
    uint32_t in_pool = 0;

    start();
    for (uint32_t i = 0; i < MACHINE_CPUS; i++)
        CHECK(pthread_create(&threads[i], NULL, cpu_thread, (void *)(uintptr_t)i) == 0);
    for (uint32_t i = 0; i < MACHINE_CPUS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_INT(collisions, 0);
    cpu_count = 0; /* the threads' caches are gone with them: owners[0] has their sum */
    in_pool = frame_count_free();
    cpu_count = MACHINE_CPUS;
    CHECK_INT(in_pool + owners[0], LOW + HIGH);
    CHECK_INT(machine_count_used(), 0);
}

int main(void)
{
    UNIT_RUN(frame_all_free_at_first);
    UNIT_RUN(frame_low_stays_low);
    UNIT_RUN(frame_high_falls_back_to_low);
    UNIT_RUN(frame_comes_once);
    UNIT_RUN(frame_zeroed_is_zero);
    UNIT_RUN(frame_stock_comes_first);
    UNIT_RUN(frame_stock_has_an_end);
    UNIT_RUN(frame_in_work);
    UNIT_RUN(frame_in_work_is_taken_back);
    UNIT_RUN(frame_stock_is_no_reserve);
    UNIT_RUN(frame_stock_is_asked_for);
    UNIT_RUN(frame_lives_until_last_reference);
    UNIT_RUN(frame_freed_twice_panics);
    UNIT_RUN(frame_cache_drains_to_pool);
    UNIT_RUN(frame_random_counts_add_up);
    UNIT_RUN(frame_cpus_at_once);
    return unit_done();
}
