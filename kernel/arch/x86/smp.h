/* Starting the other CPUs, and which CPU this is without help of page tables.
 *
 * The BSP calls smp_start_aps once all that a CPU needs to run stands. Each CPU that starts gets an
 * index, its page tables and stack, and calls ap_main(index) on them. CPU indices have no gaps.
 * arch_cpu_index, arch_cpu_started and arch_nmi_others (kernel/arch.h) are implemented here.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_SMP_H
#define GRAIN_KERNEL_ARCH_X86_SMP_H

#include <stdint.h>

#include "kernel/arch/x86/platform.h"

/* Starts at most limit - 1 CPUs beside the BSP, one after the other, and sets cpu_count to what
 * runs. One that does not report within a second is named in the log and left out. Needs the LAPIC
 * enabled and the clock calibrated. */
void smp_start_aps(const struct platform *platform, uint32_t limit);

/* An AP calls it from ap_main when its descriptor tables are loaded and its LAPIC is on: from here
 * on it can take an NMI. cpu_count is not final before smp_start_aps has returned on the BSP. */
void smp_report_started(void);

/* For the assembly: where an AP enters C, on its own page tables and stack. */
_Noreturn void smp_enter(uint32_t index);

/* Provided by the rest of the kernel. */
_Noreturn void ap_main(uint32_t index);

#endif
