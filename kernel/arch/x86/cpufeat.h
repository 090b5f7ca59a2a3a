/* What the CPU can do, and the control registers that follow from it.
 *
 * cpufeat_detect on the BSP first of all, cpufeat_enable_this_cpu on every CPU. The features of the
 * first CPU stand for all; one that has less is not started.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_CPUFEAT_H
#define GRAIN_KERNEL_ARCH_X86_CPUFEAT_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid_regs {
    uint32_t eax, ebx, ecx, edx;
};

/* Immutable after cpufeat_detect. */
struct cpu_features {
    bool nx;
    bool pge;
    bool smep;
    bool smap;
    bool umip;
    bool pat;
    bool invariant_tsc;
    uint32_t phys_bits; /* width of a physical address; a page table with more is a fault */
    char vendor[13];
    char hypervisor[13]; /* "" on bare hardware */
    char brand[49];      /* "" if the CPU has no name */
};

extern struct cpu_features cpu_features;

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_regs r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* Panics, with the name of it, if something is missing that the kernel cannot do without. */
void cpufeat_detect(void);

/* EFER, CR0, CR4 and PAT. Global pages and the rest are on afterwards, and every instruction of the
 * floating-point, MMX and SSE sets faults (#NM or #UD): the kernel saves no such registers. */
void cpufeat_enable_this_cpu(void);

#endif
