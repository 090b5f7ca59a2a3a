/* COM1 by polling, 115200 8N1: where the log and panics go.
 *
 * serial_init programs the UART, also for the user-space console that may take it over later.
 * Output never waits without bound, so a machine without a UART boots too, only in silence.
 * arch_console_write (kernel/arch.h) is implemented here; callers serialise whole lines.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_SERIAL_H
#define GRAIN_KERNEL_ARCH_X86_SERIAL_H

void serial_init(void);

#endif
