/* Lock torture: the configured algorithm and granularity on all CPUs; and a lock that is none. */
#include "kernel/lock/lock.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

/* The broken lock under other names, whatever this build's algorithm is. */
#define raw_lock         busted_lock
#define raw_lock_init    busted_lock_init
#define raw_lock_acquire busted_lock_acquire
#define raw_lock_release busted_lock_release
#undef GRAIN_LOCK_BUSTED_H
#include "kernel/lock/busted.h"
#undef raw_lock
#undef raw_lock_init
#undef raw_lock_acquire
#undef raw_lock_release

#define ROUNDS 20000u /* at most */

static struct lock torture_lock;
static struct busted_lock busted_lock;

/* Guarded by the lock under test. */
static volatile uint32_t inside; /* CPU index + 1 */
static volatile uint32_t counter;

static _Atomic uint32_t intruders;
static _Atomic uint32_t wanted; /* for counter */

static void critical_section(uint32_t cpu, uint32_t linger)
{
    if (inside != 0)
        atomic_fetch_add(&intruders, 1);
    inside = cpu + 1;
    counter = counter + 1;
    for (uint32_t i = 0; i < linger; i++)
        cpu_relax();
    if (inside != cpu + 1)
        atomic_fetch_add(&intruders, 1);
    inside = 0;
}

static void torture(uint32_t cpu)
{
    uint32_t state = 88172645u + cpu;
    uint64_t start;
    uint32_t rounds = 0;

    gang_meet();
    start = arch_time_us();
    for (; rounds < ROUNDS && arch_time_us() - start < KTEST_RUN_US; rounds++) {
        kernel_enter();
        lock_acquire(LOCK_POOL, &torture_lock);
        critical_section(cpu, ktest_random(&state, 4));
        lock_release(LOCK_POOL, &torture_lock);
        kernel_exit();
    }
    atomic_fetch_add(&wanted, rounds);
}

static void torture_busted(uint32_t cpu)
{
    uint64_t start = arch_time_us();

    /* By far long enough for a collision. */
    while (intruders == 0 && arch_time_us() - start < KTEST_HANG_US / 2) {
        busted_lock_acquire(&busted_lock);
        critical_section(cpu, 1);
        busted_lock_release(&busted_lock);
    }
}

void ktest_lock(void)
{
    lock_init(&torture_lock);
    gang_run(torture);
    ktest_fact("lock_excludes", intruders == 0, "%u times two CPUs were inside", intruders);
    ktest_fact("lock_counts", counter == wanted, "%u, want %u", counter, wanted);
    if (cpu_count == 1) {
        ktest_skip("lock_busted_is_found", "one CPU alone excludes itself");
        return;
    }
    inside = 0;
    intruders = 0;
    busted_lock_init(&busted_lock);
    gang_run(torture_busted);
    ktest_fact("lock_busted_is_found", intruders != 0, "a lock that is none passes");
}
