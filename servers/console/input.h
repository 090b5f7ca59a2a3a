/* Input: bytes from keyboard and serial line, a line (cooked) or what there is (raw) for one reader after
 * the other.
 *
 * Bytes are kept in a ring until somebody reads: the editor runs, and shows what is typed, only while a
 * reader waits. What it does not show yet it cannot garble. No system call in here.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/console.h"
#include "servers/console/readers.h"

void input_init(void);

/* Whether input_byte has room for a key. What does not fit stays in the device. */
bool input_has_room(void);

void input_byte(uint8_t byte);

/* A client waits. Returns 0: its answer comes later, or has just been sent; -E_BUSY: too many wait. */
int input_read(struct reader *reader);

/* Gives readers what there is, and E_TIMEOUT to those whose time is over. */
void input_serve(void);

/* Others may read now, and the mode is cooked unless it is theirs. */
void input_foreground_changed(void);

/* Returns the mode before, or -E_PERM. */
int input_set_mode(envid_t client, enum console_mode mode);

/* A client's text: around the line that is edited, if there is one. */
void input_write_around(envid_t client, const char *text, uint32_t len);

#endif
