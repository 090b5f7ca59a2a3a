/* CPUs: current env, address space loaded, shootdowns, timer; interrupt lines. */
#include "kernel/arch.h"
#include "kernel/check/inside.h"
#include "kernel/check/parts.h"
#include "kernel/check/stop.h"
#include "kernel/irq.h"
#include "kernel/mm/shootdown.h"

#define ANSWER_US 1000000u

/* One that was halted is told of shootdowns without being asked to hurry: it catches up while it stands. */
static bool has_answered(const struct cpu *cpu)
{
    uint64_t start = arch_time_us();

    while (atomic_load(&cpu->tlb_done) != atomic_load(&cpu->tlb_wanted)) {
        lock_relax();
        if (arch_time_us() - start > ANSWER_US)
            return false;
    }
    return true;
}

/* `cr3` is a living address space's, on that CPU. */
static bool is_of_space(uint32_t cr3, uint32_t cpu)
{
    for (uint32_t i = 0; i < check_space_count; i++) {
        if (paging_cr3(check_space[i]->pdpt, cpu) == cr3)
            return !atomic_load(&check_space[i]->dying);
    }
    return false;
}

static void check_current(const struct cpu *cpu)
{
    const struct env *e = cpu->current;

    if (e == NULL)
        return;
    if (e < env_table || e >= env_table + ENV_MAX) {
        check_fail("cpu%u: its current env %p is none", cpu->id, (const void *)e);
        return;
    }
    if (env_state(e) != ENV_STATE_RUNNING)
        check_fail("cpu%u: its current env, slot %u, is in state %u", cpu->id, env_index(e),
                   env_state(e));
    if (atomic_load(&e->home) != cpu->id)
        check_fail("cpu%u: its current env, slot %u, lives on cpu%u", cpu->id, env_index(e),
                   atomic_load(&e->home));
    if (cpu->cr3 != e->cr3)
        check_fail("cpu%u: cr3 %08x is loaded, its current env, slot %u, has %08x", cpu->id,
                   cpu->cr3, env_index(e), e->cr3);
    if (cpu->timer_armed == CPU_NEVER)
        check_fail("cpu%u: it runs an env, and its timer is off", cpu->id);
}

static void check_cpu(const struct cpu *cpu)
{
    check_current(cpu);
    if (!has_answered(cpu))
        check_fail("cpu%u: shootdowns wanted %u, done %u", cpu->id, atomic_load(&cpu->tlb_wanted),
                   atomic_load(&cpu->tlb_done));
    if (cpu->cr3 != cpu->kernel_cr3 && !is_of_space(cpu->cr3, cpu->id))
        check_fail("cpu%u: cr3 %08x is of no address space that there is", cpu->id, cpu->cr3);
    if ((stop_wrong_cr3() >> cpu->id & 1u) != 0)
        check_fail("cpu%u: CR3 is not what its cr3 word says", cpu->id);
    if (cpu->timer_count != 0 && cpu->timer_armed > cpu->timers[1]->deadline)
        check_fail("cpu%u: its timer is armed for later than the next timeout", cpu->id);
}

static void check_irqs(void)
{
    bool any = false;

    for (uint32_t line = 0; line < IRQ_LINES; line++) {
        struct lock *lock;
        uint32_t bits;
        uint32_t owner = irq_inside_owner(line, &bits, &lock);

        any |= owner != 0;
        if (owner != 0 && (env_find(owner) == NULL || bits == 0))
            check_fail("irq %u: its owner %08x is gone, or has no bits (%x)", line, owner, bits);
    }
    if (any != irq_any_owner())
        check_fail("irqs: some have an owner: %u, and irq_any_owner says %u", any, irq_any_owner());
}

void check_cpus(void)
{
    if (atomic_load(&cpu_idle_mask) != 0)
        check_fail("cpus: nobody is halted, and the mask of idle CPUs is %x",
                   atomic_load(&cpu_idle_mask));
    for (uint32_t i = 0; i < cpu_count; i++)
        check_cpu(cpus[i]);
    check_irqs();
}
