/* Exceptions and interrupts, as the entry code hands them over. */
#ifndef GRAIN_ARCH_X86_TRAP_H
#define GRAIN_ARCH_X86_TRAP_H

#include "kernel/env.h"

/* What the entry code has pushed when a trap comes from the kernel. */
struct kernel_frame {
    uint32_t edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
    uint32_t user_esp, user_ss; /* only of an NMI from user mode */
};

_Noreturn REGPARM void trap_user(struct env *self, uint32_t vector, uint32_t error);
REGPARM void trap_kernel(struct kernel_frame *frame);

#endif
