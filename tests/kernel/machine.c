/* What each CPU needs of its own: descriptor table, task state, stack, system call registers; the gates of
 * the interrupt lines, and interrupts without a cause; the page that the other CPUs started in.
 */
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/trampoline.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/cpu.h"
#include "kernel/mm/frame.h"
#include "kernel/string.h"
#include "tests/kernel/ktest.h"

#define MSR_SYSENTER_ESP 0x175
#define GATE_LOW_BITS    0xef00u /* present, 32-bit interrupt gate; the rest is the privilege level */
#define GATE_INTERRUPT   0x8e00u

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_high;
};

/* What one CPU found. */
static struct found {
    uint32_t gdt;
    uint32_t task;
    uint32_t task_base;
    uint32_t stack;
    uint64_t sysenter_stack;
    uint32_t gates; /* bit n: line n has one */
    bool survived;
} found[GRAIN_MAX_CPUS];

static uint32_t task_base(uint32_t gdt, uint32_t selector)
{
    uint64_t descriptor = ((const uint64_t *)(uintptr_t)gdt)[selector >> 3];

    return (uint32_t)(descriptor >> 16 & 0xffffff) | (uint32_t)(descriptor >> 32 & 0xff000000);
}

/* Each line's gate: an interrupt gate into the kernel, which user code cannot call, and no two the same. */
static uint32_t line_gates(const struct gate *idt)
{
    uint32_t good = 0;

    for (uint32_t n = 0; n < VECTOR_IRQS; n++) {
        const struct gate *gate = &idt[VECTOR_IRQ_BASE + n];

        if ((gate->type & GATE_LOW_BITS) == GATE_INTERRUPT && gate->selector == SEL_KERNEL_CODE &&
            (gate->type & 0x6000u) == 0 && memcmp(gate, gate + 1, sizeof(*gate)) != 0)
            good |= 1u << n;
    }
    return good;
}

/* An interrupt that no device and no LAPIC knows of, on each line of the 8259s. */
#define INTERRUPT(n) __asm__ volatile("int %0" : : "i"(VECTOR_IRQ_BASE + (n)) : "memory")

static void spurious_all(void)
{
    INTERRUPT(0);
    INTERRUPT(1);
    INTERRUPT(2);
    INTERRUPT(3);
    INTERRUPT(4);
    INTERRUPT(5);
    INTERRUPT(6);
    INTERRUPT(7);
    INTERRUPT(8);
    INTERRUPT(9);
    INTERRUPT(10);
    INTERRUPT(11);
    INTERRUPT(12);
    INTERRUPT(13);
    INTERRUPT(14);
    INTERRUPT(15);
}

static void look_here(uint32_t cpu)
{
    struct found *f = &found[cpu];
    struct table_register gdtr;
    struct table_register idtr;

    __asm__ volatile("sgdt %0" : "=m"(gdtr));
    __asm__ volatile("sidt %0" : "=m"(idtr));
    __asm__ volatile("str %0" : "=r"(f->task));
    f->gdt = gdtr.base;
    f->task_base = task_base(gdtr.base, f->task);
    f->stack = ((const struct x86_tss *)(uintptr_t)f->task_base)->esp0;
    f->sysenter_stack = cpu_read_msr(MSR_SYSENTER_ESP);
    f->gates = line_gates((const struct gate *)(uintptr_t)idtr.base);
    spurious_all();
    f->survived = true;
}

static void report_cpu(uint32_t cpu, const struct found *f)
{
    const struct arch_cpu *arch = &this_cpu()->arch; /* the same address on every CPU */

    ktest_fact("machine_gdt", f->gdt == (uint32_t)(uintptr_t)arch->gdt, "cpu%u: %08x", cpu, f->gdt);
    ktest_fact("machine_task",
               f->task == SEL_TSS && f->task_base == (uint32_t)(uintptr_t)&arch->tss,
               "cpu%u: %x at %08x", cpu, f->task, f->task_base);
    ktest_fact("machine_stack", f->stack == KSTACK_TOP && f->sysenter_stack == KSTACK_TOP,
               "cpu%u: %08x", cpu, f->stack);
    ktest_fact("machine_irq_gates", f->gates == 0xffff, "cpu%u: %x", cpu, f->gates);
    ktest_fact("machine_irq_spurious", f->survived, "cpu%u", cpu);
}

void ktest_machine(void)
{
    gang_run(look_here);
    for (uint32_t i = 0; i < cpu_count; i++)
        report_cpu(i, &found[i]);
    ktest_fact("machine_trampoline_kept", frame_refs(TRAMPOLINE_PA >> PAGE_SHIFT) != 0,
               "its frame may be given away");
    ktest_fact("machine_trampoline_low", TRAMPOLINE_PA < 640 * 1024, "%08x", TRAMPOLINE_PA);
}
