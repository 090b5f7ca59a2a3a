/* COM1 by polling, 115200 8N1: where the log and panics go.
 *
 * serial_init programs the UART, also for the user-space console that may take it over later.
 * Output never waits without bound, so a machine without a UART boots too, only in silence.
 * arch_console_write and arch_console_try (kernel/arch.h) are implemented here; callers serialise.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_SERIAL_H
#define GRAIN_KERNEL_ARCH_X86_SERIAL_H

void serial_init(void);

/* What the UART took is on the wire: before the machine is switched off. */
void serial_drain(void);

#endif
