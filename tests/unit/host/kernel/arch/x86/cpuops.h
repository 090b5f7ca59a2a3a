/* In place of kernel/arch/x86/cpuops.h on the host: instructions of a processor that is not there. */
#ifndef GRAIN_ARCH_X86_CPUOPS_H
#define GRAIN_ARCH_X86_CPUOPS_H

#include <stdint.h>

static inline void cpu_write_cr3(uint32_t value)
{
    (void)value;
}

static inline void cpu_invlpg(uint32_t va)
{
    (void)va;
}

#endif
