/* TLB shootdown: after a page was replaced, no CPU reads the old one.
 *
 * All CPUs load one address space and keep a page of it in their TLBs; CPU 0 replaces the page and
 * tells them, and each reads again. They wait in the two ways there are: in a lock's waiting loop, and
 * with interrupts on. And in earnest: for a lock that CPU 0 holds while it tells them.
 */
#include "kernel/mm/shootdown.h"

#include <stdatomic.h>

#include "abi/perm.h"
#include "kernel/arch.h"
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/cpu.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/panic.h"
#include "tests/kernel/ktest.h"

#define ROUNDS 200u /* at most */
#define END    UINT32_MAX
#define PAGES  2u
#define VA     USER_TEXT

static struct aspace *space;

/* CPU 0 writes `expected`, then `turn` (release); the others read it (acquire), look, and count. */
static uint32_t expected;
static _Atomic uint32_t turn;
static _Atomic uint32_t seen;
static _Atomic uint32_t stale;

/* Reads user memory, which the kernel itself never does. */
static uint32_t user_read(uint32_t va)
{
    uint32_t value;

    if (cpu_features.smap)
        __asm__ volatile("stac" : : : "memory");
    value = *(volatile uint32_t *)(uintptr_t)va;
    if (cpu_features.smap)
        __asm__ volatile("clac" : : : "memory");
    return value;
}

static void load_space(uint32_t cr3)
{
    WRITE_ONCE(this_cpu()->cr3, cr3);
    cpu_write_cr3(cr3);
}

/* New frames with `value` in them in place of the pages. */
static void put_pages(uint32_t value)
{
    uint32_t pfns[PAGES];
    int error;

    for (uint32_t i = 0; i < PAGES; i++) {
        pfns[i] = frame_alloc(FRAME_HIGH);
        ASSERT(pfns[i] != FRAME_NONE);
        *(uint32_t *)paging_kmap(pfns[i], 0) = value;
    }
    error = aspace_insert(space, VA, PAGES, PERM_RW, pfns);
    ASSERT(error == 0);
}

static void look(void)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        if (user_read(VA + i * PAGE_SIZE) != expected)
            atomic_fetch_add(&stale, 1);
    }
}

/* False: there will be no such turn. */
static bool wait_for_turn(uint32_t number, bool with_irqs)
{
    uint64_t start = arch_time_us();

    while (atomic_load_explicit(&turn, memory_order_acquire) < number) {
        if (with_irqs) {
            cpu_irq_window();
        } else {
            lock_relax();
        }
        ktest_check_hang(start, "shootdown");
    }
    return atomic_load(&turn) != END;
}

static void lead(void)
{
    uint64_t begin = arch_time_us();

    for (uint32_t i = 1; i <= ROUNDS && arch_time_us() - begin < KTEST_RUN_US; i++) {
        uint64_t start = arch_time_us();

        kernel_enter();
        put_pages(i);
        kernel_exit();
        expected = i;
        atomic_store(&seen, 0);
        atomic_store_explicit(&turn, i, memory_order_release);
        look();
        while (atomic_load(&seen) != cpu_count - 1) {
            lock_relax();
            ktest_check_hang(start, "shootdown");
        }
    }
    atomic_store_explicit(&turn, END, memory_order_release);
}

static void follow(bool with_irqs)
{
    for (uint32_t i = 1; wait_for_turn(i, with_irqs); i++) {
        look();
        atomic_fetch_add(&seen, 1);
    }
}

static void run_here(uint32_t cpu, bool with_irqs)
{
    load_space(paging_cr3(space->pdpt, cpu));
    (void)user_read(VA);
    gang_meet();
    if (cpu == 0)
        lead();
    else
        follow(with_irqs);
    load_space(this_cpu()->kernel_cr3);
}

static void run_waiting(uint32_t cpu)
{
    run_here(cpu, false);
}

static void run_interrupted(uint32_t cpu)
{
    run_here(cpu, true);
}

/* A lock of one algorithm: CPU 0 has it while it replaces the pages, the others are in line for it. */
static const struct ktest_algorithm *lock;
static _Atomic uint32_t coming; /* are just before acquire, or in it */

static void wait_for_comers(void)
{
    uint64_t start = arch_time_us();

    while (atomic_load(&coming) != cpu_count - 1) {
        lock_relax();
        ktest_check_hang(start, "shootdown");
    }
}

static void lead_line(void)
{
    uint64_t begin = arch_time_us();

    for (uint32_t i = 1; i <= ROUNDS && arch_time_us() - begin < KTEST_RUN_US / 8; i++) {
        uint64_t start = arch_time_us();

        lock->acquire();
        atomic_store(&coming, 0);
        atomic_store(&seen, 0);
        atomic_store_explicit(&turn, i, memory_order_release);
        wait_for_comers();
        put_pages(i); /* returns when all have answered */
        expected = i;
        lock->release();
        while (atomic_load(&seen) != cpu_count - 1) {
            lock_relax();
            ktest_check_hang(start, "shootdown");
        }
    }
    atomic_store_explicit(&turn, END, memory_order_release);
}

static void run_in_line(uint32_t cpu)
{
    load_space(paging_cr3(space->pdpt, cpu));
    (void)user_read(VA);
    gang_meet();
    if (cpu == 0)
        lead_line();
    for (uint32_t i = 1; cpu != 0 && wait_for_turn(i, false); i++) {
        atomic_fetch_add(&coming, 1);
        lock->acquire();
        look();
        lock->release();
        atomic_fetch_add(&seen, 1);
    }
    load_space(this_cpu()->kernel_cr3);
}

static uint32_t stale_reads(void (*how)(uint32_t cpu))
{
    expected = 0;
    atomic_store(&turn, 0);
    atomic_store(&stale, 0);
    kernel_enter();
    put_pages(0);
    kernel_exit();
    gang_run(how);
    return atomic_load(&stale);
}

void ktest_shootdown(void)
{
    uint32_t before = frame_count_free();
    uint32_t wrong;
    bool gone;

    kernel_enter();
    space = aspace_create(UINT32_MAX);
    kernel_exit();
    ASSERT(space != NULL);
    wrong = stale_reads(run_waiting);
    ktest_fact("shootdown_reaches_waiters", wrong == 0, "%u reads of an old page", wrong);
    wrong = stale_reads(run_interrupted);
    ktest_fact("shootdown_by_interrupt", wrong == 0, "%u reads of an old page", wrong);
    for (uint32_t i = 0; i < KTEST_ALGORITHMS; i++) {
        char id[40];

        lock = &ktest_algorithms[i];
        if (!lock->excludes)
            continue;
        wrong = stale_reads(run_in_line);
        ktest_fact(ktest_id(id, sizeof(id), "shootdown_in_line_%s", lock->name), wrong == 0,
                   "%u reads of an old page", wrong);
    }
    ktest_fact("shootdown_counted", (this_cpu()->shootdowns != 0) == (cpu_count > 1), "%u",
               this_cpu()->shootdowns);
    kernel_enter();
    do {
        gone = aspace_teardown(space);
    } while (!gone);
    kernel_exit();
    ktest_fact("shootdown_frames_come_back", frame_count_free() == before, "%u free, want %u",
               frame_count_free(), before);
}
