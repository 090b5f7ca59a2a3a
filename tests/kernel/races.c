/* What the race detector must find, in kernels that have it (kernel/races/races.h), and what it must not.
 * Each of the first kind returns only if nothing was found. */
#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/lock/lock.h"
#include "tests/kernel/ktest.h"

static uint32_t plain_word = 101;
static _Atomic uint32_t atomic_word;
static uint32_t guarded_word;
static struct lock guard;
static uint32_t marked_word;

/* The compiler must take it for used. */
static inline void use(uint32_t value)
{
    __asm__ volatile("" : : "r"(value));
}

static NOINLINE void racy_reader(void)
{
    use(plain_word);
}

/* By CPU 1: what is there already. So it is never the value that tells, and always two calls that meet. */
static NOINLINE void racy_writer(void)
{
    plain_word = cpu_id() + 100;
}

/* CPU 1 writes, the others read. */
static void race(uint32_t cpu)
{
    uint64_t start = arch_time_us();

    while (arch_time_us() - start < KTEST_RUN_US) {
        if (cpu == 1)
            racy_writer();
        else
            racy_reader();
        lock_relax();
    }
}

NOINLINE void ktest_race(void)
{
    gang_run(race);
    ktest_fact("race", false, "nothing was found");
}

/* The word is written without a call of the compiler's: the value alone tells. */
static NOINLINE void silent_reader(void)
{
    use(*(const uint32_t *)(const void *)&atomic_word);
}

static void race_silently(uint32_t cpu)
{
    uint64_t start = arch_time_us();

    while (arch_time_us() - start < KTEST_RUN_US) {
        if (cpu == 0)
            silent_reader();
        else
            atomic_fetch_add_explicit(&atomic_word, 1, memory_order_relaxed);
        lock_relax();
    }
}

NOINLINE void ktest_race_silent(void)
{
    gang_run(race_silently);
    ktest_fact("race_silent", false, "nothing was found");
}

/* A lock, marked accesses, atomics. */
static void no_race(uint32_t cpu)
{
    uint64_t start = arch_time_us();

    while (arch_time_us() - start < KTEST_RUN_US) {
        kernel_enter();
        lock_acquire(LOCK_ENV, &guard);
        guarded_word++;
        lock_release(LOCK_ENV, &guard);
        kernel_exit();
        WRITE_ONCE(marked_word, READ_ONCE(marked_word) + cpu);
        atomic_fetch_add_explicit(&atomic_word, 1, memory_order_relaxed);
        lock_relax();
    }
}

void ktest_race_none(void)
{
    gang_run(no_race);
    ktest_fact("race_none", guarded_word != 0, "nothing was done");
}
