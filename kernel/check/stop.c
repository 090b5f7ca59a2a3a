/* Stopping all CPUs; see stop.h.
 *
 * stop_owner: who may stop the others, CPU index + 1. stop_round: odd while they are to stand. stop_standing:
 * who does, in this round. Locks: none.
 */
#include "kernel/check/stop.h"

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/mm/shootdown.h"

#define STOP_WAIT_US 60000000u /* beyond what a busy host lets an emulated CPU stand still */

static _Atomic uint32_t stop_owner;
static _Atomic uint32_t stop_round;
static _Atomic uint32_t stop_standing;
static _Atomic uint32_t stop_cr3_differs;

static void note_cr3(void)
{
    uint32_t bit = 1u << cpu_id();

    if (cpu_read_cr3() == this_cpu()->cr3)
        atomic_fetch_and(&stop_cr3_differs, ~bit);
    else
        atomic_fetch_or(&stop_cr3_differs, bit);
}

/* While somebody else wants this CPU to stand. A round that ends may be followed by another before this CPU
 * has seen the end: it stands on. */
static void stand(void)
{
    uint32_t round = atomic_load(&stop_round);

    while ((round & 1u) != 0) {
        shootdown_catch_up();
        note_cr3();
        /* What this CPU has written is there for who sees the bit. Pairs with the loop in stop_others. */
        atomic_fetch_or(&stop_standing, 1u << cpu_id());
        while (atomic_load(&stop_round) == round)
            lock_relax();
        round = atomic_load(&stop_round);
    }
}

void stop_interrupt(void)
{
    lockdep_assert_none("into a stop");
    kernel_exit();
    stand();
    kernel_enter();
}

static uint32_t missing_of(uint32_t others)
{
    return others & ~atomic_load(&stop_standing);
}

bool stop_others(void)
{
    uint32_t all = cpu_count < 32 ? (1u << cpu_count) - 1 : UINT32_MAX;
    uint32_t others = all & ~(1u << cpu_id());
    uint32_t nobody = 0;
    uint64_t start;

    lockdep_assert_none("into a stop");
    while (!atomic_compare_exchange_strong(&stop_owner, &nobody, cpu_id() + 1)) {
        nobody = 0;
        stand();
        lock_relax();
    }
    atomic_store(&stop_standing, 0);
    atomic_fetch_add(&stop_round, 1);
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (i != cpu_id())
            lapic_send_ipi(cpus[i]->lapic_id, VECTOR_STOP);
    }
    start = arch_time_us();
    while (missing_of(others) != 0) {
        lock_relax();
        if (arch_time_us() - start > STOP_WAIT_US) {
            log_error("stop: CPUs %x do not come", missing_of(others));
            stop_release();
            return false;
        }
    }
    note_cr3();
    return true;
}

void stop_release(void)
{
    atomic_fetch_add(&stop_round, 1);
    atomic_store(&stop_owner, 0);
}

uint32_t stop_wrong_cr3(void)
{
    return atomic_load(&stop_cr3_differs);
}
