/* COM1. Output goes through the kernel's log, so that its lines stay whole; input is ours. */
#ifndef CONSOLE_SERIAL_H
#define CONSOLE_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_IRQ 4u

/* Has `bits` notified when bytes come. Says in one line what is wrong, if anything. */
void serial_init(uint32_t bits);

void serial_write(const char *text, size_t len);

/* The next byte that came, if there is one. Once it has returned false, a notification comes with the
 * next. */
bool serial_read(uint8_t *byte);

#endif
