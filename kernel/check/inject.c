/* Faults on purpose; see inject.h. Locks: none. Who changes the settings while others work gets a mix of both for a
 * moment.
 */
#include "kernel/check/inject.h"

#include <stddef.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/cmdline.h"
#include "kernel/log.h"
#include "kernel/string.h"

#define NO_CPU UINT32_MAX

_Atomic uint32_t inject_frames_from;
_Atomic uint32_t inject_delays[DEBUG_DELAYS];

static _Atomic uint32_t frames_count;              /* how many fail, from that one on */
static _Atomic uint32_t frames_seen;               /* allocations since they began to be counted */
static _Atomic uint32_t delays_done[DEBUG_DELAYS]; /* since they were set last */
static _Atomic uint32_t random_step;

/* By boot word; written by the BSP before other CPUs run. */
static uint32_t boot_frames_from;
static uint32_t boot_delays[DEBUG_DELAYS];
static uint32_t missing_cpu = NO_CPU;

/* At most `most`. Any CPU may call it at any moment: a counter, well mixed. */
static uint32_t random_up_to(uint32_t most)
{
    uint32_t x = atomic_fetch_add_explicit(&random_step, 0x9e3779b9, memory_order_relaxed);

    x = (x ^ x >> 16) * 0x85ebca6b;
    x = (x ^ x >> 13) * 0xc2b2ae35;
    return (x ^ x >> 16) % (most + 1);
}

bool inject_count_frame(void)
{
    uint32_t seen = atomic_fetch_add_explicit(&frames_seen, 1, memory_order_relaxed) + 1;
    uint32_t from = atomic_load_explicit(&inject_frames_from, memory_order_relaxed);

    if (from == 0 || seen < from ||
        seen - from >= atomic_load_explicit(&frames_count, memory_order_relaxed))
        return false;
    if (boot_frames_from != 0)
        log_warn("inject: no frame for allocation %u", seen);
    return true;
}

uint32_t inject_fail_frames(uint32_t from, uint32_t count)
{
    uint32_t seen;

    atomic_store(&inject_frames_from, 0);
    seen = atomic_exchange(&frames_seen, 0);
    atomic_store(&frames_count, count);
    atomic_store(&inject_frames_from, from);
    return seen;
}

uint32_t inject_set_delay(enum debug_delay kind, uint32_t us)
{
    atomic_store(&inject_delays[kind], us < DEBUG_DELAY_MAX_US ? us : DEBUG_DELAY_MAX_US);
    return atomic_exchange(&delays_done[kind], 0);
}

/* How long this time, TSC ticks. */
static uint64_t delay_of(enum debug_delay kind)
{
    uint32_t most = atomic_load_explicit(&inject_delays[kind], memory_order_relaxed);
    uint32_t us = most == 0 ? 0 : random_up_to(most);

    if (us != 0)
        atomic_fetch_add_explicit(&delays_done[kind], 1, memory_order_relaxed);
    return tsc_from_us(us);
}

/* Shootdowns are not answered meanwhile: such a CPU is busy elsewhere. */
void inject_wait(enum debug_delay kind)
{
    uint64_t start = rdtsc();
    uint64_t ticks = delay_of(kind);

    while (rdtsc() - start < ticks)
        cpu_relax();
}

uint64_t inject_shift(uint64_t ticks)
{
    uint64_t late = ticks + delay_of(DEBUG_DELAY_LATE);
    uint64_t early = delay_of(DEBUG_DELAY_EARLY);

    return late > early ? late - early : 1;
}

bool inject_skips_cpu(uint32_t place)
{
    return place == missing_cpu;
}

void inject_begin(void)
{
    for (uint32_t i = 0; i < DEBUG_DELAYS; i++)
        (void)inject_set_delay((enum debug_delay)i, boot_delays[i]);
    if (boot_frames_from != 0)
        (void)inject_fail_frames(boot_frames_from, 1);
}

static const struct {
    const char *name;
    uint32_t *value;
} kinds[] = {
    {"frame:", &boot_frames_from},
    {"ipi:", &boot_delays[DEBUG_DELAY_IPI]},
    {"late:", &boot_delays[DEBUG_DELAY_LATE]},
    {"early:", &boot_delays[DEBUG_DELAY_EARLY]},
    {"stall:", &boot_delays[DEBUG_DELAY_STALL]},
    {"no-ap:", &missing_cpu},
};

bool inject_parse(const char *word)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t len = strlen(kinds[i].name);

        if (strncmp(word, kinds[i].name, len) == 0)
            return cmdline_number(word + len, kinds[i].value);
    }
    return false;
}
