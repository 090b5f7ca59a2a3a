/* Descriptor tables and entry registers; see context.h. Start-up only, no locks. */
#include "kernel/arch/x86/context.h"

#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

#define GATE_INTERRUPT 0x8e00u /* 32-bit interrupt gate, present, DPL 0 (SDM 3A, 6.11) */
#define GATE_USER      0x6000u /* DPL 3 */
#define GATE_TASK      0x8500u
#define TRAP_STUB_SIZE 16u

/* Flat 4 GiB segments and available 32-bit TSSs, as descriptor words (SDM 3A, 3.4.5). */
#define DESC_KERNEL_CODE UINT64_C(0x00cf9b000000ffff)
#define DESC_KERNEL_DATA UINT64_C(0x00cf93000000ffff)
#define DESC_USER_CODE   UINT64_C(0x00cffb000000ffff)
#define DESC_USER_DATA   UINT64_C(0x00cff3000000ffff)
#define DESC_TSS         UINT64_C(0x0000890000000000)

extern const char vsys_start[], vsys_return[], vsys_end[];
extern const char trap_stubs[];
void sysenter_entry(void);
void double_fault_task(void);

static struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_high;
} idt[256] ALIGNED(8);

static char vsys_page[PAGE_SIZE] ALIGNED(PAGE_SIZE);

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static void idt_set(uint32_t vector, uint32_t offset, uint16_t selector, uint16_t type)
{
    idt[vector] = (struct gate){.offset_low = (uint16_t)offset,
                                .selector = selector,
                                .type = type,
                                .offset_high = (uint16_t)(offset >> 16)};
}

static void idt_fill(void)
{
    uint32_t stubs = (uint32_t)(uintptr_t)trap_stubs;

    for (uint32_t v = 0; v < ARRAY_SIZE(idt); v++)
        idt_set(v, stubs + v * TRAP_STUB_SIZE, SEL_KERNEL_CODE, GATE_INTERRUPT);
    idt_set(VECTOR_SYSCALL, stubs + VECTOR_SYSCALL * TRAP_STUB_SIZE, SEL_KERNEL_CODE,
            GATE_INTERRUPT | GATE_USER);
    /* INT3 and INTO are for user code; other INT n are general protection faults. */
    idt_set(VECTOR_BREAKPOINT, stubs + VECTOR_BREAKPOINT * TRAP_STUB_SIZE, SEL_KERNEL_CODE,
            GATE_INTERRUPT | GATE_USER);
    idt_set(VECTOR_OVERFLOW, stubs + VECTOR_OVERFLOW * TRAP_STUB_SIZE, SEL_KERNEL_CODE,
            GATE_INTERRUPT | GATE_USER);
    idt_set(VECTOR_DOUBLE_FAULT, 0, SEL_DF_TSS, GATE_TASK);
}

void context_init(void)
{
    idt_fill();
    ASSERT(vsys_return - vsys_start == VSYS_RETURN - VSYS_ENTER);
    memcpy(vsys_page, vsys_start, (size_t)(vsys_end - vsys_start));
    paging_publish(VSYS_ENTER, vsys_page, true);
    for (uint32_t i = 0; i < sizeof(env_public); i += PAGE_SIZE)
        paging_publish(ENVS_WINDOW + i, (const char *)env_public + i, false);
}

static uint64_t tss_descriptor(const struct x86_tss *tss)
{
    uint64_t base = (uint32_t)(uintptr_t)tss;

    return DESC_TSS | (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | (base & 0xff000000) << 32;
}

/* The double fault has a task of its own: its stack is good whatever happened to the kernel's. */
static void df_tss_fill(struct x86_tss *tss)
{
    tss->cr3 = this_cpu()->kernel_cr3;
    tss->eip = (uint32_t)(uintptr_t)double_fault_task;
    tss->eflags = 2;
    tss->esp = DFSTACK_TOP;
    tss->cs = SEL_KERNEL_CODE;
    tss->ss = SEL_KERNEL_DATA;
    tss->ds = SEL_USER_DATA;
    tss->es = SEL_USER_DATA;
    tss->iomap = sizeof(*tss);
}

static void gdt_fill(struct arch_cpu *arch)
{
    arch->gdt[SEL_KERNEL_CODE >> 3] = DESC_KERNEL_CODE;
    arch->gdt[SEL_KERNEL_DATA >> 3] = DESC_KERNEL_DATA;
    arch->gdt[SEL_USER_CODE >> 3] = DESC_USER_CODE;
    arch->gdt[SEL_USER_DATA >> 3] = DESC_USER_DATA;
    arch->gdt[SEL_TSS >> 3] = tss_descriptor(&arch->tss);
    arch->gdt[SEL_DF_TSS >> 3] = tss_descriptor(&arch->df_tss);
    arch->tss.esp0 = KSTACK_TOP;
    arch->tss.ss0 = SEL_KERNEL_DATA;
    arch->tss.iomap = sizeof(arch->tss); /* beyond the limit: no ports for user code */
    df_tss_fill(&arch->df_tss);
}

/* Selectors: kernel code and stack; DS and ES flat user data, which user code may change (see
 * cpustate.h); FS and GS, which nobody uses, null. */
static void segments_load(void)
{
    __asm__ volatile("ljmp %0, $1f\n"
                     "1: movl %1, %%ss\n"
                     "movl %2, %%ds\n"
                     "movl %2, %%es\n"
                     "movl %3, %%fs\n"
                     "movl %3, %%gs\n"
                     :
                     : "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(SEL_USER_DATA), "r"(0)
                     : "memory");
}

void context_init_cpu(void)
{
    struct arch_cpu *arch = &this_cpu()->arch;
    struct table_register gdtr = {sizeof(arch->gdt) - 1, (uint32_t)(uintptr_t)arch->gdt};
    struct table_register idtr = {sizeof(idt) - 1, (uint32_t)(uintptr_t)idt};

    gdt_fill(arch);
    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    segments_load();
    __asm__ volatile("lidt %0" : : "m"(idtr));
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
    cpu_write_msr(MSR_SYSENTER_CS, SEL_KERNEL_CODE);
    cpu_write_msr(MSR_SYSENTER_ESP, KSTACK_TOP);
    cpu_write_msr(MSR_SYSENTER_EIP, (uint32_t)(uintptr_t)sysenter_entry);
}

#if LOCK_ENTRY_HOOKS
/* For the system call entry, which is assembly. */
void kernel_enter_from_asm(void);
void kernel_exit_from_asm(void);

void kernel_enter_from_asm(void)
{
    kernel_enter();
    lockstat_section(this_cpu()->current->regs.eax & 0xffu);
}

void kernel_exit_from_asm(void)
{
    kernel_exit();
}
#endif
