/* The frame allocator under all CPUs at once. */
#include "kernel/mm/frame.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

#define ROUNDS 300u /* at most */
#define HELD   100u /* more than a CPU's cache */

#define CONTESTED 1000u /* the last frames, for which all CPUs compete */

static _Atomic uint32_t strangers; /* marks of another CPU in a frame that was ours */
static _Atomic uint32_t exhausted; /* frames that all CPUs got together */
static uint32_t chain[GRAIN_MAX_CPUS];

static uint32_t alloc(void)
{
    uint32_t pfn;

    kernel_enter();
    pfn = frame_alloc(FRAME_HIGH);
    kernel_exit();
    return pfn;
}

static void unref(uint32_t pfn)
{
    kernel_enter();
    frame_unref(pfn);
    kernel_exit();
}

static uint32_t *word_of(uint32_t pfn)
{
    return paging_kmap(pfn, 0);
}

/* Takes some, marks them, looks at the marks, gives them back. */
static void hold_and_look(uint32_t mark, uint32_t count)
{
    uint32_t held[HELD];
    uint32_t got = 0;

    while (got < count && (held[got] = alloc()) != FRAME_NONE) {
        *word_of(held[got]) = mark ^ held[got];
        got++;
    }
    while (got-- > 0) {
        if (*word_of(held[got]) != (mark ^ held[got]))
            atomic_fetch_add(&strangers, 1);
        unref(held[got]);
    }
}

static void use_at_random(uint32_t cpu)
{
    uint32_t state = 2463534242u + cpu;
    uint64_t start;

    gang_meet();
    start = arch_time_us();
    for (uint32_t i = 0; i < ROUNDS && arch_time_us() - start < KTEST_RUN_US; i++)
        hold_and_look(cpu << 24 | i << 12, 1 + ktest_random(&state, HELD));
}

/* The frames of a CPU as a chain through their first words. */
static bool take_one(uint32_t cpu)
{
    uint32_t pfn = alloc();

    if (pfn == FRAME_NONE)
        return false;
    *word_of(pfn) = chain[cpu];
    chain[cpu] = pfn;
    atomic_fetch_add(&exhausted, 1);
    return true;
}

/* The first ones CPU 0 takes alone: they say nothing, and take long where CPUs are few. */
static void take_most(uint32_t total)
{
    while (exhausted + CONTESTED < total && take_one(0)) {}
}

static void take_rest(uint32_t cpu)
{
    gang_meet();
    while (take_one(cpu)) {}
}

static void give(uint32_t whose, uint32_t count)
{
    while (count-- > 0 && chain[whose] != FRAME_NONE) {
        uint32_t pfn = chain[whose];

        chain[whose] = *word_of(pfn);
        unref(pfn);
    }
}

/* Each gives back what its neighbour took. */
static void give_some(uint32_t cpu)
{
    gang_meet();
    give((cpu + 1) % cpu_count, CONTESTED);
}

void ktest_frames(void)
{
    uint32_t before = frame_count_free();
    uint32_t now;

    gang_run(use_at_random);
    now = frame_count_free();
    ktest_fact("frames_exclusive", strangers == 0, "%u frames were two CPUs'", strangers);
    ktest_fact("frames_add_up", now == before, "%u free, want %u", now, before);
    take_most(before);
    gang_run(take_rest);
    now = frame_count_free();
    ktest_fact("frames_all_can_be_had", exhausted == before && now == 0, "%u of %u, %u left",
               exhausted, before, now);
    gang_run(give_some);
    give(0, UINT32_MAX);
    now = frame_count_free();
    ktest_fact("frames_all_come_back", now == before, "%u free, want %u", now, before);
}
