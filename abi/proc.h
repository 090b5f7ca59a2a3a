/* proc: processes. It controls the first env and all threads of each; a pid is no env id. */
#ifndef GRAIN_ABI_PROC_H
#define GRAIN_ABI_PROC_H

#include "abi/server.h"

/* Path, arguments and environment of a program, in the pages of a message: this, then the strings
 * one after the other, each with its 0: path, argc arguments, envc "NAME=value". */
struct proc_args {
    uint32_t bytes; /* of all strings, zeros included */
    uint32_t argc;  /* argument 0 included */
    uint32_t envc;
};
#define PROC_ARGS_PAGES_MAX 4u
#define PROC_ARGC_MAX       64u

enum proc_op {
    /* pages: struct proc_args -> w1 = pid of the new child */
    PROC_SPAWN = SERVER_OP(SERVER_PROC, 1),
    /* w1 = esp, w2 = eip where the child starts, with eax = 0 -> w1 = pid of the child */
    PROC_FORK,
    /* pages: struct proc_args; answers only when it fails, and then nothing has changed */
    PROC_EXEC,
    /* w1 = pid, or 0 for any child; w2 = PROC_NOHANG or 0 -> w1 = pid, w2 = status. E_BAD_ENV: no such
     * child. With PROC_NOHANG and none ended: w1 = 0 */
    PROC_WAIT,
    /* w1 = status 0 to 255; no answer */
    PROC_EXIT,
    /* w1 = pid. E_BAD_ENV: none; E_PERM: not one's own or a descendant's */
    PROC_KILL,
    /* -> w1 = pid, w2 = parent's pid */
    PROC_GETPID,
    /* w1 = pid to start from -> the next process at or after it: w1 = its pid, and struct proc_info in
     * utcb->words. E_EOF: no more */
    PROC_LIST,
    /* w1 = eip, w2 = esp, w3 = eax of a new thread of the caller's process -> w1 = its env id */
    PROC_THREAD,
    /* the calling thread ends (the last one: the process, with status 0); no answer */
    PROC_THREAD_EXIT,
    /* w1 = env id of a thread of the caller's process: answers when it has ended */
    PROC_THREAD_JOIN,
    /* from the console alone: w1 = pid that Ctrl-C interrupts */
    PROC_INTERRUPT,
    /* from init alone, first of all: struct process_start in utcb->words */
    PROC_SETUP,
};

#define PROC_NOHANG 1u

/* Status of an ended process. */
#define PROC_STATUS_EXIT(s)   ((s) & 0xffu)
#define PROC_STATUS_KILLED    0x100u /* by kill or Ctrl-C */
#define PROC_STATUS_FAULT     0x200u /* by a fault; bits 16 and up: vector */
#define PROC_STATUS_NO_MEMORY 0x400u /* by a fault that no memory was left for */

enum proc_state { PROC_RUNNING, PROC_ZOMBIE };

struct proc_info {
    uint32_t pid, parent;
    envid_t env; /* its first env */
    uint32_t state;
    uint32_t threads;
    uint32_t frames; /* charged to its address space */
    char name[32];
};
_Static_assert(sizeof(struct proc_info) == 56, "fits utcb->words");

#endif
