/* TLB shootdown; see shootdown.h. No lock: each CPU has a counter of requests and one of answers. */
#include "kernel/mm/shootdown.h"

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/cpu.h"
#include "kernel/mm/aspace.h"

static void shootdown_local(struct aspace *as, uint32_t va, uint32_t pages)
{
    if (this_cpu()->cr3 != paging_cr3(as->pdpt, cpu_id()))
        return;
    if (pages == 1)
        cpu_invlpg(va);
    else
        cpu_write_cr3(this_cpu()->cr3);
}

/* So far may a halted CPU fall behind: the counters come round, and a difference of 2^31 changes its sign. */
#define SHOOTDOWN_BEHIND_MAX (1u << 30)

/* A halted CPU whose bit is seen set will look at tlb_wanted when it has cleared it, and touches no
 * user memory before. Pairs with sched_idle: bit cleared, then shootdown_catch_up. */
static bool shootdown_may_wait_for_wakeup(uint32_t cpu, uint32_t wanted, uint32_t pages)
{
    return pages != SHOOTDOWN_TABLES && (atomic_load(&cpu_idle_mask) >> cpu & 1u) != 0 &&
           wanted - atomic_load_explicit(&cpus[cpu]->tlb_done, memory_order_relaxed) <
               SHOOTDOWN_BEHIND_MAX;
}

static void shootdown_wait(const struct cpu *cpu, uint32_t wanted)
{
    while ((int32_t)(atomic_load_explicit(&cpu->tlb_done, memory_order_acquire) - wanted) < 0)
        lock_relax();
}

void shootdown(struct aspace *as, uint32_t va, uint32_t pages)
{
    uint32_t wanted[GRAIN_MAX_CPUS];
    uint32_t asked = 0;

    shootdown_local(as, va, pages);
    if (cpu_count == 1)
        return;
    /* The table entries are written before the CPUs' cr3 words are read. Pairs with the write of
     * cpu->cr3 before the (serialising) load of CR3 in env_run and fast_run: who is not seen to have the
     * space loaded will walk the new entries. */
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < cpu_count; i++) {
        struct cpu *cpu = cpus[i];

        if (i == cpu_id() || READ_ONCE(cpu->cr3) != paging_cr3(as->pdpt, i))
            continue;
        wanted[i] = atomic_fetch_add(&cpu->tlb_wanted, 1) + 1;
        if (shootdown_may_wait_for_wakeup(i, wanted[i], pages))
            continue;
        lapic_send_ipi(cpu->lapic_id, VECTOR_TLB);
        asked |= 1u << i;
    }
    if (asked != 0)
        counter_up(&this_cpu()->shootdowns);
    for (uint32_t i = 0; asked != 0; i++, asked >>= 1) {
        if (asked & 1u)
            shootdown_wait(cpus[i], wanted[i]);
    }
}

void shootdown_answer(void)
{
    struct cpu *me = this_cpu();
    /* Acquire: the tables as they were when this was asked for. Pairs with the fetch-add above. */
    uint32_t wanted = atomic_load_explicit(&me->tlb_wanted, memory_order_acquire);

    if (me->cr3 != me->kernel_cr3) {
        const struct aspace *as = phys_to_virt(me->cr3 & ~PAGE_MASK);

        if (atomic_load_explicit(&as->dying, memory_order_relaxed))
            WRITE_ONCE(me->cr3, me->kernel_cr3);
    }
    cpu_write_cr3(me->cr3);
    atomic_store_explicit(&me->tlb_done, wanted, memory_order_release);
}

void shootdown_catch_up(void)
{
    if (atomic_load_explicit(&this_cpu()->tlb_wanted, memory_order_relaxed) !=
        atomic_load_explicit(&this_cpu()->tlb_done, memory_order_relaxed))
        shootdown_answer();
}

void lock_relax(void)
{
    cpu_relax();
    shootdown_catch_up();
}
