/* Waiting for children. A status is one of abi/proc.h. */
#ifndef GRAIN_LIB_SYS_WAIT_H
#define GRAIN_LIB_SYS_WAIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/proc.h"

#define WNOHANG 1

/* Waits until a child has ended: `pid`, or any (-1 or 0). *status, unless NULL: how. options: WNOHANG, do
 * not wait. Returns its pid; 0: WNOHANG, and none has. E_BAD_ENV: there is no such child. */
pid_t waitpid(pid_t pid, int *status, int options);
pid_t wait(int *status); /* for any */

#define WIFEXITED(status)   (((uint32_t)(status) & ~0xffu) == 0)
#define WEXITSTATUS(status) ((int)((uint32_t)(status)&0xffu))
#define WIFKILLED(status)   (((uint32_t)(status)&PROC_STATUS_KILLED) != 0)
#define WIFFAULTED(status)  (((uint32_t)(status)&PROC_STATUS_FAULT) != 0)
#define WFAULT(status)      ((uint32_t)(status) >> 16) /* the vector */
#define WNOMEMORY(status)   (((uint32_t)(status)&PROC_STATUS_NO_MEMORY) != 0)

/* "exited with status 3", "killed", "page fault", "out of memory": for people. */
void wait_describe(int status, char *text, size_t size);

#endif
