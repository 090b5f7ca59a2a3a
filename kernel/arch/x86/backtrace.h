/* Registers of a panic, and call chains by frame pointer.
 *
 * The functions are those of kernel/arch.h: arch_backtrace_here, arch_backtrace_regs. A chain is
 * followed only inside a stack of the kernel, upwards, for a bounded number of frames, so that no
 * value of ebp makes it fault.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_BACKTRACE_H
#define GRAIN_KERNEL_ARCH_X86_BACKTRACE_H

#include <stdint.h>

#define PANIC_VECTOR_NONE UINT32_MAX

struct panic_regs {
    uint32_t vector; /* PANIC_VECTOR_NONE: not printed */
    uint32_t error;
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; /* of the interrupted code, whatever its privilege */
};

#endif
