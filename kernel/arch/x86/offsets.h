/* Where assembly finds the fields of C structs. kernel/arch/x86/context.c asserts each. */
#ifndef GRAIN_ARCH_X86_OFFSETS_H
#define GRAIN_ARCH_X86_OFFSETS_H

#include "kernel/arch/x86/memlayout.h"

#define CPU_CURRENT (PERCPU_CPU + OFFSET_CPU_CURRENT)

#define OFFSET_CPU_CURRENT 128

#define ENV_PENDING  4
#define ENV_RESUME   44
#define ENV_EDI      48
#define ENV_ESI      52
#define ENV_EBP      56
#define ENV_EBX      60
#define ENV_EDX      64
#define ENV_ECX      68
#define ENV_EAX      72
#define ENV_EIP      76
#define ENV_EFLAGS   80
#define ENV_ESP      84
#define ENV_SYSCALLS 200

#define SYSCALL_COUNT 30

/* Inside the stub at VSYS_ENTER: its SYSENTER, and where SYSEXIT comes back. */
#define VSYS_SYSENTER (VSYS_ENTER + 2)
#define VSYS_RETURN   (VSYS_ENTER + 4)

#define UTCB_WORD (THIS_UTCB + 0x1000) /* the word at THIS_UTCB, writable for the kernel */

#endif
