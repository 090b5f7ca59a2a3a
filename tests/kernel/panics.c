/* What must end in a panic because the kernel itself finds it: asserts and lockdep. Each returns only
 * if it was not found. */
#include "kernel/cpu.h"
#include "kernel/env.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "tests/kernel/ktest.h"

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
