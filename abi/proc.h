/* proc: processes. It controls the first env and all threads of each; a pid is no env id. */
#ifndef GRAIN_ABI_PROC_H
#define GRAIN_ABI_PROC_H

#include "abi/server.h"
#include "abi/syscalls.h"

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
    /* pages: struct proc_args; w1 = frames that its address space may have, 0: as many as the
     * caller's -> w1 = pid of the new child. E_INVAL: arguments, or no program; E_EOF: no such file;
     * E_NO_FREE_ENV, E_NO_MEM, E_PERM: more frames than the caller's; E_DEAD, E_BAD_ENV: bootfs is being
     * started again, nothing was done */
    PROC_SPAWN = SERVER_OP(SERVER_PROC, 1),
    /* w1 = esp, w2 = eip where the child starts, with eax = 0 -> w1 = pid of the child.
     * E_NO_FREE_ENV, E_NO_MEM, E_QUOTA */
    PROC_FORK,
    /* pages: struct proc_args; answers only when it fails, and then nothing has changed */
    PROC_EXEC,
    /* w1 = pid, or 0 for any child; w2 = PROC_NOHANG or 0 -> w1 = pid, w2 = status. E_BAD_ENV: no such
     * child. With PROC_NOHANG and none ended: w1 = 0 */
    PROC_WAIT,
    /* w1 = status 0 to 255; no answer */
    PROC_EXIT,
    /* w1 = pid. E_BAD_ENV: none; E_PERM: init, one that init has started and waits for (unless it is the
     * caller), or one that the caller descends from. From init alone, w1 = PROC_EVERYBODY: all but init */
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
    /* w1 = env id of a thread of the caller's process: answers when it has ended. E_BAD_ENV: there is
     * none, or no longer */
    PROC_THREAD_JOIN,
    /* from the console alone: w1 = pid that Ctrl-C interrupts */
    PROC_INTERRUPT,
    /* from init alone, first of all, and again when a server was started anew: struct process_start in
     * utcb->words. Whoever sends the first one is init, and pid 1 */
    PROC_SETUP,
    /* from the console alone: w1 = env, w2 = pid. 0: the env is of that process or of one that descends from
     * it; E_PERM: it is not */
    PROC_IS_BELOW,
    PROC_OP_END,
};

#define PROC_PID_INIT  1u
#define PROC_EVERYBODY 0u

/* The system calls that a process may make, and what needs them. Not among them: what makes, starts or
 * stops envs, hands them on or changes their registers (proc does, and has to know of every env), what
 * maps (the pager does, and has to know), devices. What is left acts on the caller and on the threads of its
 * own process alone: the kernel keeps nothing apart within an address space. */
#define PROC_SYSCALLS                                                                              \
    (1u << SYS_null | 1u << SYS_ipc | 1u << SYS_yield | 1u << SYS_notify /* mutexes */ |           \
     1u << SYS_log_write /* output without a console */ |                                          \
     1u << SYS_env_destroy /* the way out when proc is gone */ |                                   \
     1u << SYS_env_set_sched /* pins itself */ | 1u << SYS_env_set_limits | 1u << SYS_env_attach | \
     1u << SYS_page_unmap /* of pages received */ | 1u << SYS_aspace_info |                        \
     1u << SYS_kernel_info | 1u << SYS_page_info |                                                 \
     1u << SYS_debug /* nothing but an error where there is no testing */)

#define PROC_NOHANG 1u

/* Status of an ended process. */
#define PROC_STATUS_EXIT(s)   ((s)&0xffu)
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
