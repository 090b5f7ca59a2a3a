/* All CPUs together: CPU 0 names a function, the others run it. See ktest.h.
 *
 * While it waits, a CPU has interrupts off and answers shootdowns as any waiter does.
 */
#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

/* The function is written before `round` rises (release), read after (acquire). */
static void (*gang_function)(uint32_t cpu);
static _Atomic uint32_t gang_round;
static _Atomic uint32_t gang_done; /* CPUs that have run it in this round */

static _Atomic uint32_t meeting_arrived; /* in all meetings so far */

void gang_meet(void)
{
    uint32_t mine = atomic_fetch_add(&meeting_arrived, 1);
    uint32_t full = (mine / cpu_count + 1) * cpu_count;
    uint64_t start = arch_time_us();

    while ((int32_t)(atomic_load(&meeting_arrived) - full) < 0) {
        lock_relax();
        ktest_check_hang(start, "meeting");
    }
}

_Noreturn void gang_serve(void)
{
    uint32_t round = 0;

    for (;;) {
        while (atomic_load_explicit(&gang_round, memory_order_acquire) == round)
            lock_relax();
        round++;
        gang_function(cpu_id());
        atomic_fetch_add_explicit(&gang_done, 1, memory_order_release);
    }
}

void gang_run(void (*function)(uint32_t cpu))
{
    uint64_t start = arch_time_us();

    gang_function = function;
    atomic_store_explicit(&gang_done, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&gang_round, 1, memory_order_release);
    function(0);
    while (atomic_load_explicit(&gang_done, memory_order_acquire) != cpu_count - 1) {
        lock_relax();
        ktest_check_hang(start, "gang");
    }
}
