/* The foreground process: who gets Ctrl-C, who reads what is typed, and who may say so.
 *
 * While there is one, it reads, and what descends from it; else the shell that names it does, and nobody in its
 * background. Before a shell has named one, and without proc, anybody may.
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

/* Whether a message is proc's answer to foreground_interrupt. */
bool foreground_is_answer(envid_t from);

/* Whether what is typed is for that client now. */
bool foreground_may_read(envid_t client);

/* Whether that client may say how input comes. As with reading; but while none is named and the shell does not read
 * either, everybody may: a program that the shell has started may run before it is named. */
bool foreground_may_set_mode(envid_t client);

/* Whether that client is the shell, and has named nobody. */
bool foreground_is_back(envid_t client);

/* Has proc interrupt it. Returns false: there is none. */
bool foreground_interrupt(void);

/* Whether that client has the right, or nobody has. */
bool foreground_is_owner(envid_t client);

/* Keeps an interrupt for the next; drops it. */
void foreground_interrupt_next(bool keep);

#endif
