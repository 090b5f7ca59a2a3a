/* The console's client side (abi/console.h). <stdio.h> is built on it. All return a negated error if
 * they fail: E_BAD_ENV, there is no console; or what is said here. */
#ifndef GRAIN_CONSOLE_H
#define GRAIN_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/console.h"
#include "grain/compiler.h"

/* Writes all of it, past what is buffered in stdout. */
MUST_CHECK int console_write(const char *text, size_t len);

/* Reads a line, with its newline, or in raw mode what there is; at most `most` bytes. wait_ms:
 * milliseconds, CONSOLE_WAIT (for ever) or CONSOLE_NOWAIT. Returns how many bytes; 0: end of input.
 * E_TIMEOUT, E_BUSY (too many readers). */
MUST_CHECK int console_read(char *text, size_t most, uint32_t wait_ms);

/* Returns the mode before. E_PERM: it is another's turn. */
int console_set_mode(enum console_mode mode);

/* The process that Ctrl-C interrupts; 0: none. The first to call it owns the right. E_PERM. */
MUST_CHECK int console_set_foreground(uint32_t pid);

#endif
