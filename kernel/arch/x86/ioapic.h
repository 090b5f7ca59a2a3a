/* The IOAPICs: device interrupts.
 *
 * A line is 0 to 31. Below 16 it is the ISA line, wherever the platform says that one arrives; from
 * 16 on it is the global system interrupt of that number, level-triggered and active low as PCI has
 * it. ioapic_init on the BSP masks everything. The other functions may be called on any CPU and
 * take a leaf lock around the register pair.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_IOAPIC_H
#define GRAIN_KERNEL_ARCH_X86_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/platform.h"

#define IOAPIC_LINES 32

void ioapic_init(const struct platform *platform);

/* Sends the line to a CPU under a vector; it stays masked. Returns false if no IOAPIC has it. */
bool ioapic_route(uint32_t line, uint8_t vector, uint8_t lapic_id)
    __attribute__((warn_unused_result));

/* Only for a line that has been routed. A level-triggered line that is still asserted when it is
 * unmasked interrupts at once; an edge that comes while it is masked is lost. */
void ioapic_mask(uint32_t line);
void ioapic_unmask(uint32_t line);

bool ioapic_is_level(uint32_t line);

#endif
