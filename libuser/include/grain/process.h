/* Programs and copies of oneself, in address spaces of their own. All that these functions create
 * is controlled by the caller, which is notified of NOTIFY_CHILD when it ends; process_wait takes
 * that and the dead env's slot. */
#ifndef GRAIN_PROCESS_H
#define GRAIN_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/env.h"
#include "abi/proc.h"
#include "abi/server.h"
#include "grain/compiler.h"

/* A copy of the calling env in an address space of its own: writable pages are copied now,
 * read-only ones shared. Returns the child's id, and 0 in the child. Other envs of the caller's
 * address space are not copied; while they run, what they write is copied at no certain moment.
 * E_NO_FREE_ENV, E_NO_MEM, E_QUOTA. */
MUST_CHECK envid_t dumbfork(void);

/* What to start. argv and envp end with NULL; envp may be NULL: empty. Together with their strings
 * they fit the new stack, SPAWN_STACK_PAGES less one page. */
struct spawn {
    const void *image; /* an ELF file in memory, kernel/elf.h */
    size_t size;
    const char *const *argv;
    const char *const *envp;
    const struct process_start *servers; /* what it learns of servers; NULL: that there are none */
    uint32_t quota;                      /* frames; 0: what the caller may give at most */
    const char *reason; /* out: what was wrong with the image, if E_INVAL; else NULL */
};

/* Loads a program into a new address space; the env is stopped at its entry point. Returns its id;
 * E_INVAL (the image), E_NO_FREE_ENV, E_NO_MEM, E_QUOTA, E_MSG_SIZE (arguments do not fit). */
MUST_CHECK envid_t spawn_load(struct spawn *what);

/* The same, and lets it run. */
MUST_CHECK envid_t spawn_elf(struct spawn *what);

/* Waits until an env that the caller created has ended, and frees its slot. *death, unless NULL:
 * how it ended. E_BAD_ENV: no such env, or another's. */
MUST_CHECK int process_wait(envid_t id, struct env_death *death);

/* Ends an env that the caller created, and frees its slot: for cleaning up. */
void process_kill(envid_t id);

/* ---- Processes, by the server proc; <unistd.h> and <sys/wait.h> have the rest. ---- */

/* Starts a program of the boot image as a child. argv and envp end with NULL. Returns its pid; errors
 * of execve, E_NO_FREE_ENV. */
MUST_CHECK pid_t spawnv(const char *path, char *const argv[]); /* with environ */
MUST_CHECK pid_t spawnve(const char *path, char *const argv[], char *const envp[]);
/* The same, with at most `frames` frames of memory (0: as many as the caller may have). */
MUST_CHECK pid_t spawn_limited(const char *path, char *const argv[], char *const envp[],
                               uint32_t frames);

/* The next process at or after `pid`. Returns its pid; E_EOF: no more. */
MUST_CHECK pid_t process_list(pid_t pid, struct proc_info *info);

#endif
