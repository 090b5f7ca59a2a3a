/* The local APIC in xAPIC mode: end of interrupt, interprocessor interrupts, one-shot timer.
 *
 * Start-up: lapic_init on the BSP (maps the registers), then lapic_enable_this_cpu on every CPU on
 * its final page tables, then tsc_calibrate on the BSP. All else acts on the CPU that calls and
 * needs interrupts off, no lock.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_LAPIC_H
#define GRAIN_KERNEL_ARCH_X86_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/memlayout.h"

/* Panics if the registers cannot be mapped. */
void lapic_init(paddr_t registers);

/* Masks all local sources but the timer and the NMI line, and drops what the firmware left
 * pending. The timer sends VECTOR_TIMER. VECTOR_SPURIOUS may come at any time from now on, and must
 * not be answered with an EOI. */
void lapic_enable_this_cpu(void);

/* Of the CPU that calls. */
uint8_t lapic_id(void);

void lapic_eoi(void);

/* Whether the vector is being served, that is: waits for its EOI. False in the handler of a vector
 * of 32 to 47 means that a 8259 sent it by mistake (see pic.h). */
bool lapic_in_service(uint8_t vector);

/* A fixed interrupt; NMI; and the two steps that start a CPU (SDM 3A, 9.4.4). page: physical page
 * number of the code. They return when the message is on its way. */
void lapic_send_ipi(uint8_t id, uint8_t vector);
void lapic_send_nmi(uint8_t id);
void lapic_send_nmi_others(void);
void lapic_send_init(uint8_t id);
void lapic_send_startup(uint8_t id, uint8_t page);

/* One VECTOR_TIMER, not earlier than tsc_delta TSC ticks from now, in place of any
 * that was armed. A time further away than the counter reaches fires early: the handler looks at
 * the clock and arms again. */
void lapic_timer_arm(uint64_t tsc_delta);
/* An interrupt that is pending already still comes. */
void lapic_timer_stop(void);

/* What went wrong since the last call: bits of the error status register (SDM 3A, 11.5.3). */
uint32_t lapic_read_errors(void);

/* For tsc_calibrate: starts the timer at its largest count; the count left; and the ratio for
 * lapic_timer_arm, so many counts in so many TSC ticks. */
void lapic_timer_start_max(void);
uint32_t lapic_timer_count(void);
void lapic_timer_set_ratio(uint32_t counts, uint32_t tsc_ticks);

#endif
