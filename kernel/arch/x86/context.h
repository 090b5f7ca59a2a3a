/* Between user mode and the kernel: descriptor tables, entry points, the way back.
 *
 * The kernel has one stack per CPU and starts on it anew at each entry. User registers are saved in
 * the env by the entry code, so switching is no more than resuming another env.
 */
#ifndef GRAIN_ARCH_X86_CONTEXT_H
#define GRAIN_ARCH_X86_CONTEXT_H

#include "kernel/arch/x86/memlayout.h"
#include "kernel/env.h"

/* BSP, once: the interrupt descriptor table and the page with the system call stub. */
void context_init(void);

/* Each CPU, on its own page tables: GDT, TSSs, IDT, the registers of SYSENTER. */
void context_init_cpu(void);

/* What the running env finds at THIS_UTCB on this CPU. */
static inline void context_show_utcb(uint32_t va)
{
    *(volatile uint32_t *)UTCB_WORD = va;
}

/* entry.S: to user mode with the registers of `e`, as e->resume says. */
_Noreturn REGPARM void context_resume(struct env *e);

/* Empties the kernel stack and calls `next`: for the scheduler, and at the end of start-up, where the
 * boot stack is left. */
_Noreturn REGPARM void context_enter_scheduler(void (*next)(void));

#endif
