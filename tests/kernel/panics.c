/* What must end in a panic because the kernel itself finds it: asserts and lockdep. Each returns only
 * if it was not found. */
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/env.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "tests/kernel/ktest.h"

#define SPIN_TWICE_US 200000u /* twice what the tests' boot word spin= says */

static struct lock env_lock_a;
static struct lock pool_lock_a;
static struct lock pool_lock_b;

static void not_found(const char *what)
{
    ktest_fact(what, false, "there was no panic");
}

static void arrive(uint32_t cpu)
{
    (void)cpu;
}

NOINLINE void ktest_panic(void)
{
    gang_run(arrive); /* the other CPUs are where their reports are expected from */
    panic("the last words of a test, %u", 42u);
}

NOINLINE void ktest_lockdep_print_held(void) NO_LOCK_ANALYSIS
{
    lock_acquire(LOCK_ENV, &env_lock_a);
    lock_acquire(LOCK_POOL, &pool_lock_a);
    panic("the last words of a test, %u", 42u);
}

NOINLINE void ktest_assert(void)
{
    uint32_t ktest_one = 1;
    uint32_t ktest_two = cpu_count + 1;

    if (cpu_count == 1)
        ktest_two++;
    ASSERT(ktest_one == ktest_two);
    not_found("assert");
}

NOINLINE void ktest_lockdep_rank(void) NO_LOCK_ANALYSIS
{
    lock_acquire(LOCK_POOL, &pool_lock_a);
    lock_acquire(LOCK_ENV, &env_lock_a);
    not_found("lockdep_rank");
}

NOINLINE void ktest_lockdep_twice(void) NO_LOCK_ANALYSIS
{
    lock_acquire(LOCK_POOL, &pool_lock_a);
    lock_acquire(LOCK_POOL, &pool_lock_a);
    not_found("lockdep_twice");
}

NOINLINE void ktest_lockdep_class(void) NO_LOCK_ANALYSIS
{
    lock_acquire(LOCK_POOL, &pool_lock_a);
    lock_acquire(LOCK_POOL, &pool_lock_b);
    not_found("lockdep_class");
}

/* Init is ready, and would run with a lock held. */
NOINLINE void ktest_lockdep_held_to_user(void) NO_LOCK_ANALYSIS
{
    kernel_enter();
    lock_acquire(LOCK_INBOX, &pool_lock_a);
    sched_schedule();
}

/* A CPU that nothing is ready on would halt with a lock held. */
static NOINLINE void halt_with_lock(uint32_t cpu) NO_LOCK_ANALYSIS
{
    if (cpu != 1)
        return;
    kernel_enter();
    lock_acquire(LOCK_POOL, &pool_lock_a);
    sched_schedule();
}

NOINLINE void ktest_lockdep_held_into_halt(void)
{
    gang_run(halt_with_lock); /* does not return: CPU 1 does not */
    not_found("lockdep_held_into_halt");
}

/* The spin watchdog: CPU 1 waits for a lock that CPU 0 does not let go of until CPU 1 has said so. */
static NOINLINE void hold_for_long(void) NO_LOCK_ANALYSIS
{
    const struct lock_cpu *waiter = lock_cpus[1];
    uint64_t start = arch_time_us();

    kernel_enter();
    lock_acquire(LOCK_POOL, &pool_lock_a);
    gang_meet();
    /* After a report the next one is due after twice the time. */
    while (READ_ONCE(waiter->wait_bound) < SPIN_TWICE_US) {
        lock_relax();
        ktest_check_hang(start, "watchdog");
    }
    lock_release(LOCK_POOL, &pool_lock_a);
    kernel_exit();
}

static NOINLINE void wait_for_long(void)
{
    kernel_enter();
    lock_acquire(LOCK_POOL, &pool_lock_a);
    lock_release(LOCK_POOL, &pool_lock_a);
    kernel_exit();
}

static void hold_and_wait(uint32_t cpu)
{
    if (cpu == 0) {
        hold_for_long();
        return;
    }
    gang_meet();
    if (cpu == 1)
        wait_for_long();
}

NOINLINE void ktest_spin_report(void)
{
    gang_run(hold_and_wait);
    ktest_fact("spin_goes_on", true, "it would not come here");
}

NOINLINE void ktest_spin_panic(void)
{
    gang_run(hold_and_wait);
    not_found("spin_panic");
}
