/* Lock statistics: what must be counted when CPU 0 has a lock and all others come to wait for it. */
#include "kernel/lock/lockstat.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

#if GRAIN_LOCKSTAT

#if GRAIN_LOCK_GRANULARITY_BIG
#define SLOT LOCK_BIG
#else
#define SLOT LOCK_IRQ
#endif

static struct lock test_lock;

struct counts {
    uint32_t acquisitions, contended, handovers, waits, holds, site_waits;
    uint64_t spins, wait_ticks;
};

static const struct lockstat_state *state_of(uint32_t cpu)
{
    return lockstat_pages(cpu);
}

static struct counts count(void)
{
    struct counts sum = {0};

    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        const struct lockstat_cpu *shown = &state_of(cpu)->shown;
        const struct lockstat_slot *s = &shown->slot[SLOT];

        sum.acquisitions += s->acquisitions;
        sum.contended += s->contended;
        sum.handovers += s->handovers;
        sum.spins += s->spins;
        sum.wait_ticks += s->wait_ticks;
        for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++) {
            sum.waits += s->wait[i];
            sum.holds += s->hold[i];
        }
        for (uint32_t i = 0; i < LOCKSTAT_SITES; i++) {
            if (shown->site[i].slot == SLOT)
                sum.site_waits += shown->site[i].contended;
        }
    }
    return sum;
}

/* CPU 0 lets go when all others have waited for a turn. */
static void take(uint32_t cpu)
{
    uint64_t start = arch_time_us();

    if (cpu != 0)
        gang_meet();
    kernel_enter();
    lock_acquire(LOCK_IRQ, &test_lock);
    if (cpu == 0)
        gang_meet();
    for (uint32_t i = 1; cpu == 0 && i < cpu_count; i++) {
        while (READ_ONCE(state_of(i)->spins) == 0) {
            lock_relax();
            ktest_check_hang(start, "lockstat");
        }
    }
    lock_release(LOCK_IRQ, &test_lock);
    kernel_exit();
}

void ktest_lockstat(void)
{
    struct counts before;
    struct counts now;
    uint32_t others = cpu_count - 1;

    lock_init(&test_lock);
    gang_run(
        take); /* from here on every CPU has an entry for the place, and `spins` of this wait alone */
    before = count();
    gang_run(take);
    now = count();
    ktest_fact("lockstat_acquisitions", now.acquisitions - before.acquisitions == cpu_count, "%u",
               now.acquisitions - before.acquisitions);
    ktest_fact("lockstat_contended", now.contended - before.contended == others, "%u",
               now.contended - before.contended);
    ktest_fact("lockstat_spins", now.spins - before.spins >= others, "%llu",
               now.spins - before.spins);
    ktest_fact("lockstat_waits", now.waits - before.waits == others, "%u",
               now.waits - before.waits);
    ktest_fact("lockstat_site", now.site_waits - before.site_waits == others, "%u",
               now.site_waits - before.site_waits);
    ktest_fact("lockstat_wait_time", (now.wait_ticks > before.wait_ticks) == (others != 0),
               "no time");
#if GRAIN_LOCKSTAT == LOCKSTAT_FULL
    ktest_fact("lockstat_holds", now.holds - before.holds == cpu_count, "%u",
               now.holds - before.holds);
    /* CPU 0 comes first, and last time it was another, unless there is none. */
    ktest_fact("lockstat_handovers", now.handovers - before.handovers == (others ? cpu_count : 0),
               "%u", now.handovers - before.handovers);
#endif
}

#else

void ktest_lockstat(void)
{
    ktest_skip("lockstat", "this kernel keeps no statistics");
}

#endif
