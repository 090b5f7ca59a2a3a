/* Single instructions that the rest of the kernel needs, by name. */
#ifndef GRAIN_ARCH_X86_CPUOPS_H
#define GRAIN_ARCH_X86_CPUOPS_H

#include <stdint.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/io.h"

static inline uint32_t cpu_read_cr2(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint32_t cpu_read_cr3(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}

/* Also flushes the TLB but for global pages (SDM 3A, 4.10.4.1). Serialising. */
static inline void cpu_write_cr3(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

static inline void cpu_invlpg(uint32_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline uint32_t cpu_read_cr0(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr0(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint32_t cpu_read_cr4(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr4(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_msr(uint32_t msr)
{
    uint64_t value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
    return value;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "A"(value));
}

static inline void cpu_irq_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void cpu_irq_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* Takes the interrupts that are pending. One instruction must follow STI before they come (SDM 2B), and
 * it is no PAUSE: after that, QEMU (7.2) still holds them off. */
static inline void cpu_irq_window(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Interrupts on and halt in one step: none is taken between the two (SDM 2B, STI). */
static inline void cpu_halt_with_irqs(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

#endif
