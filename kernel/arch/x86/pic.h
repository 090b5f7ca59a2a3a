/* The two 8259 interrupt controllers: moved to VECTOR_IRQ_BASE, masked, and left alone.
 *
 * Device interrupts come through the IOAPIC. A masked 8259 can still send its lines 7 and 15
 * without cause; pic_ack_spurious is what their handlers call.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_PIC_H
#define GRAIN_KERNEL_ARCH_X86_PIC_H

#include <stdbool.h>
#include <stdint.h>

/* imcr: the machine has the register of the MP specification (3.6.2.1) that connects the 8259s past
 * the LAPIC, and it must be switched. */
void pic_disable(bool imcr);

/* For a vector of ISA line irq that is not in service in the LAPIC: ends what the 8259s need. */
void pic_ack_spurious(uint8_t irq);

#endif
