/* Threads: further envs of one's own address space, each with a stack of THREAD_STACK_PAGES and an
 * unmapped page below it. */
#ifndef GRAIN_THREAD_H
#define GRAIN_THREAD_H

#include <stdint.h>

#include "abi/env.h"
#include "grain/compiler.h"

/* Starts an env that runs fn(arg) and ends with what fn returns. It is the caller's to join.
 * Returns its id; E_NO_FREE_ENV, E_NO_MEM, E_QUOTA. */
MUST_CHECK envid_t thread_create(int (*fn)(void *arg), void *arg);

/* The same, but the env stays stopped until env_start: to pin it first, for example. In bare programs
 * alone: E_PERM. */
MUST_CHECK envid_t thread_prepare(int (*fn)(void *arg), void *arg);

/* Waits until a thread that the caller created has ended, and frees its slot and stack. *death,
 * unless NULL: how it ended, for a regular end {.cause = ENV_EXITED, .status = result of fn}.
 * E_BAD_ENV: no such thread, or another's. */
MUST_CHECK int thread_join(envid_t id, struct env_death *death);

/* Ends a thread that the caller created, and frees its slot and stack: for cleaning up. */
void thread_kill(envid_t id);

/* Ends the calling thread alone (exit() ends the program). */
_Noreturn void thread_exit(int status);

#endif
