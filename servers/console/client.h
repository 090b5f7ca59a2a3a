/* The console's clients, and the clock: what it needs of the system to serve readers, so that the rest is tested on
 * the host. */
#ifndef CONSOLE_CLIENT_H
#define CONSOLE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"

/* Whether that env has not ended, nor is about to. */
bool client_is_alive(envid_t client);

/* Answers one who waits: status, and `len` bytes of text, CONSOLE_BYTES_MAX at most. False: he does not wait any more,
 * and has not got it. */
bool client_answer(envid_t client, int32_t status, const char *text, uint32_t len);

/* Microseconds since boot. */
uint64_t client_now_us(void);

#endif
