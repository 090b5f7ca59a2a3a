/* What kernel/ outside arch/ needs of the machine for its log, its panic and its waiting loops.
 *
 * All of it works at any moment from the first line of kernel_main on, on any CPU and in any state
 * of it, an NMI handler included; nothing here takes a lock. arch/x86 implements it, and the host's
 * unit tests do where they need to.
 */
#ifndef GRAIN_KERNEL_ARCH_H
#define GRAIN_KERNEL_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"

#define ARCH_CPU_UNKNOWN UINT32_MAX

/* In every loop that waits for another CPU: on an emulator that runs all CPUs in one thread it is
 * what passes the turn on. */
static inline void cpu_relax(void)
{
#if defined(__i386__) || defined(__x86_64__)
    __asm__ volatile("pause" : : : "memory");
#else
    __asm__ volatile("" : : : "memory");
#endif
}

/* This CPU's index found the slow way (CPUID), independent of page tables and segments;
 * ARCH_CPU_UNKNOWN for a CPU that the kernel does not use. */
uint32_t arch_cpu_index(void);

/* Microseconds since the clock was calibrated; 0 before. */
uint64_t arch_time_us(void);

/* Busy-waits at least so long; a rough guess before the clock is calibrated. */
void arch_delay_us(uint32_t us);

void arch_console_write(const char *text, size_t len);

/* Without waiting: how much of it is out. All, when nothing ever gets out. */
size_t arch_console_try(const char *text, size_t len) MUST_CHECK;

void arch_irq_off(void);

/* This CPU runs on its final page tables, so this_cpu() may be used. */
bool arch_cpu_ready(void);

/* Write to the log and never fault: this CPU's call chain from the caller on; registers and the
 * call chain of the code they belong to. */
struct panic_regs;
void arch_backtrace_here(void);
void arch_backtrace_regs(const struct panic_regs *regs);

/* The CPUs that panics and their reports can count on: index below the count, and started. */
bool arch_cpu_started(uint32_t index);
/* NMI to every started CPU but this one. */
void arch_nmi_others(void);

/* What the emulator's status tells of the run; on other machines these do nothing. */
enum arch_exit { ARCH_EXIT_SUCCESS, ARCH_EXIT_FAILURE, ARCH_EXIT_PANIC };

/* Ends the emulator, if it is one that listens; returns on all other machines. */
void arch_emulator_exit(enum arch_exit how);
/* The orderly end: ARCH_EXIT_SUCCESS, or else a halted machine. */
_Noreturn void arch_shutdown(void);
_Noreturn void arch_halt_forever(void);

#endif
