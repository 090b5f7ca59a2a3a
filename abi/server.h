/* What the servers' protocols have in common, and how a process learns whom to call.
 *
 * A request is an ipc call: word 0 = SERVER_OP(server, op), words 1 to 3 arguments, more in
 * utcb->words where the protocol says so. The answer: word 0 = 0 or a negated error (abi/errors.h),
 * words 1 to 3 results. A server answers what it does not know with -E_NO_SYS and what is malformed
 * with -E_INVAL.
 */
#ifndef GRAIN_ABI_SERVER_H
#define GRAIN_ABI_SERVER_H

#include <stdint.h>

#include "abi/env.h"

#define SERVER_OP(server, op) ((uint32_t)(server) << 8 | (uint32_t)(op))
#define SERVER_OF(label)      ((label) >> 8)

enum server {
    SERVER_PAGER = 1,
    SERVER_PROC = 2,
    SERVER_BOOTFS = 3,
    SERVER_CONSOLE = 4,
    SERVER_INIT = 5,
};

/* Strings in utcb->words: bytes, with a 0 at the end. */
#define SERVER_STRING_MAX 200u

/* At [esp + 12] of a new process there is a pointer to this, or 0 in a program that init started bare,
 * without servers ([esp] = argc, [esp + 4] = argv, [esp + 8] = envp). */
#define PROCESS_START_MAGIC 0x50524f43u

struct process_start {
    uint32_t magic;
    envid_t pager, proc, bootfs, console;
    envid_t init; /* knows the ids of servers that were started again (abi/init.h) */
    uint32_t reserved[2];
};
_Static_assert(sizeof(struct process_start) == 32, "part of the ABI");

#endif
