/* Interrupt lines as notifications: a line belongs to one env, which is notified and then acknowledges.
 *
 * A level-triggered line stays masked from the interrupt to irq_ack, so a slow driver is not flooded; a
 * dead driver's line is masked. Locks: the irq lock of the line.
 */
#ifndef GRAIN_KERNEL_IRQ_H
#define GRAIN_KERNEL_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/env.h"

#define IRQ_LINES 24u /* pins of the first IOAPIC */

void irq_init(void);

/* The interrupt handler: masks the line, notifies its env. */
void irq_handle(uint32_t line);

/* Whether any line has an owner, at this moment. */
bool irq_any_owner(void);

/* A dying env's lines become free and masked. */
void irq_release_all(uint32_t id);

REGPARM int32_t sys_irq_attach(struct env *self);
REGPARM int32_t sys_irq_ack(struct env *self);

#endif
