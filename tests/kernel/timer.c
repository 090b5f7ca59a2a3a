/* The LAPIC timer against the TSC, on all CPUs at once. Late is no error here: emulators are. */
#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

static const uint32_t delays_us[] = {1, 20, 100, 1000, 10000, 100000};

static struct result {
    uint32_t early_us; /* the delay that ended too early; 0: none */
    uint64_t missing;  /* by so many ticks */
    uint32_t count;
} results[GRAIN_MAX_CPUS];

/* The handler (sched_tick) writes CPU_NEVER to timer_armed. */
static void wait_for_tick(void)
{
    uint64_t start = arch_time_us();

    while (READ_ONCE(this_cpu()->timer_armed) != CPU_NEVER) {
        cpu_irq_window();
        ktest_check_hang(start, "timer");
    }
}

static void time_delay(struct result *r, uint32_t us)
{
    uint64_t ticks = tsc_from_us(us);
    uint64_t deadline = rdtsc() + ticks;
    uint64_t now;

    this_cpu()->timer_armed = deadline;
    lapic_timer_arm(ticks);
    wait_for_tick();
    now = rdtsc();
    r->count++;
    if (now < deadline && r->early_us == 0) {
        r->early_us = us;
        r->missing = deadline - now;
    }
}

static void time_here(uint32_t cpu)
{
    gang_meet();
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < ARRAY_SIZE(delays_us); i++)
            time_delay(&results[cpu], delays_us[i]);
    }
}

/* Armed and stopped. False: so much time went by between the two that it may have fired. */
static bool arm_and_stop(uint32_t us)
{
    uint64_t start = arch_time_us();

    this_cpu()->timer_armed = 1;
    lapic_timer_arm(tsc_from_us(us));
    lapic_timer_stop();
    return arch_time_us() - start < us / 2;
}

/* A stopped timer does not come: the handler would have written timer_armed. */
static bool stopped_timer_stays_quiet(void)
{
    uint64_t start = arch_time_us();

    while (!arm_and_stop(20000)) {
        cpu_irq_window();
        ktest_check_hang(start, "timer");
    }
    for (start = arch_time_us(); arch_time_us() - start < 50000;)
        cpu_irq_window();
    return READ_ONCE(this_cpu()->timer_armed) == 1;
}

void ktest_timer(void)
{
    gang_run(time_here);
    for (uint32_t i = 0; i < cpu_count; i++) {
        const struct result *r = &results[i];

        ktest_fact("timer_comes", r->count == 3 * ARRAY_SIZE(delays_us), "cpu%u: %u", i, r->count);
        ktest_fact("timer_not_early", r->early_us == 0, "cpu%u: %u us, %llu ticks too early", i,
                   r->early_us, (unsigned long long)r->missing);
    }
    ktest_fact("timer_stopped_is_quiet", stopped_timer_stays_quiet(), "it fired");
}
