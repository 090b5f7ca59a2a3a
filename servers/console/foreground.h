/* The foreground process: who gets Ctrl-C, and who may say so.
 *
 * A program may run, and a person press Ctrl-C, before the shell has named it: an interrupt that finds no
 * foreground process while the shell does not read is kept for the next process that is named, until the
 * shell reads.
 */
#ifndef CONSOLE_FOREGROUND_H
#define CONSOLE_FOREGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"

/* proc: whom to tell; 0: there is none. */
void foreground_init(envid_t proc);

/* Returns 0, or -E_PERM: the right is another client's, who lives. */
int foreground_set(envid_t client, uint32_t pid);

bool foreground_exists(void);

/* Has proc interrupt it. Returns false: there is none. */
bool foreground_interrupt(void);

/* Whether that client has the right, or nobody has. */
bool foreground_is_owner(envid_t client);

/* Keeps an interrupt for the next; drops it. */
void foreground_interrupt_next(bool keep);

#endif
