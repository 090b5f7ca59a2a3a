/* The PS/2 keyboard behind its controller, the 8042. */
#ifndef CONSOLE_KEYBOARD_H
#define CONSOLE_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/console/keymap.h"

#define KEYBOARD_IRQ 1u

/* Has `bits` notified when keys are pressed. Says in one line what is wrong, if anything. */
void keyboard_init(uint32_t bits);

/* The bytes of the next key, into out[]; *len may be 0. Returns false when there is no key. */
bool keyboard_read(char out[KEYMAP_BYTES_MAX], uint32_t *len);

#endif
