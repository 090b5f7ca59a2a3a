/* The part of struct cpu that the processor itself reads: descriptor table and task states
 * (Intel SDM 3A, sections 3.4.5 and 8.2.1), and the selectors.
 *
 * User code can load three selectors into DS, ES, FS and GS: null, user code, user data; the last
 * two are flat. So the kernel runs with whatever user code left there: an access either reaches what
 * it meant, or faults (#GP), and then the handler loads flat selectors and retries (entry.S).
 */
#ifndef GRAIN_ARCH_X86_CPUSTATE_H
#define GRAIN_ARCH_X86_CPUSTATE_H

/* SYSENTER and SYSEXIT fix the order of the first four (SDM 2B). */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_CODE   0x1b
#define SEL_USER_DATA   0x23
#define SEL_TSS         0x28
#define SEL_DF_TSS      0x30
#define GDT_ENTRIES     7

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/pte.h"

struct x86_tss {
    uint32_t link;
    uint32_t esp0, ss0;
    uint32_t unused[4];
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, iomap;
};
_Static_assert(sizeof(struct x86_tss) == 104, "SDM 3A, figure 8-2");

struct arch_cpu {
    uint64_t gdt[GDT_ENTRIES];
    struct x86_tss tss;
    struct x86_tss df_tss;
    pte_t *kmap_pte; /* page-table entries of KMAP_WINDOW */
};
#endif

#endif
