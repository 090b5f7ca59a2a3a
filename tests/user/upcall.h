/* Page-fault upcalls in C for test programs.
 *
 * upcall_entry saves what the kernel did not, calls *upcall_handler with the kernel's frame on the
 * exception stack, and goes on with the registers that the frame then has.
 */
#ifndef TESTS_USER_UPCALL_H
#define TESTS_USER_UPCALL_H

#include <stdint.h>

#include "abi/env.h"

typedef void upcall_fn(struct env_upcall_frame *frame);

/* One for all envs of the program. */
extern upcall_fn *volatile upcall_handler;

/* For env_set_upcall, as its eip. */
void upcall_entry(void);

/* Page faults of `env` (0: the caller) go to `handler`; its exception stack is the page at `stack`,
 * which is allocated. Returns 0 or a negated error. */
int upcall_install(envid_t env, upcall_fn *handler, uintptr_t stack);

#endif
