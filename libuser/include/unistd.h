/* Files by descriptor: 0, 1 and 2 are the console, others the boot image's files, read-only.
 *
 * What fails returns a negated error. Two envs of an address space may work on different descriptors at
 * once, not on the same.
 */
#ifndef GRAIN_LIB_UNISTD_H
#define GRAIN_LIB_UNISTD_H

#include <stddef.h>
#include <sys/types.h>

#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

/* Reads at most `size` bytes; of the console a line, or in raw mode what there is. Returns how many; 0
 * at the end. E_INVAL: no such descriptor. */
ssize_t read(int fd, void *buf, size_t size);

/* Writes to the console, past what is buffered in stdout. Returns `size`. E_INVAL: not the console. */
ssize_t write(int fd, const void *buf, size_t size);

/* Where the next read begins; beyond the end it reads nothing. Returns the new position. E_INVAL: no such
 * descriptor, the console, or a position below 0. */
off_t lseek(int fd, off_t offset, int whence);

/* Returns 0. E_INVAL: no such descriptor. */
int close(int fd);

/* ---- Processes: docs/servers.md. In a program that init started bare all return -E_BAD_ENV. ----
 * Other threads of the process: fork() copies the calling one alone, exec ends them. */

/* A copy of the process, its memory copied page by page when it is written to. Returns the child's pid,
 * and 0 in the child, which has its own message page: what the library keeps there (grain/utcb.h) is
 * copied, but for notifications; standard output is flushed first. E_NO_FREE_ENV, E_NO_MEM, E_QUOTA. */
pid_t fork(void);

/* Become another program; return only when they fail, and then nothing has changed. argv and envp end
 * with NULL; argv[0] is the program's name for itself. E_EOF: no such file; E_INVAL: it is no program, or
 * too many or too long arguments; E_NO_MEM. */
int execve(const char *path, char *const argv[], char *const envp[]);
int execv(const char *path, char *const argv[]); /* with environ */

pid_t getpid(void);
pid_t getppid(void);

/* Ends a process: any but init, those that the caller descends from, and another's that init has started and waits
 * for, as the shell. E_BAD_ENV: there is none; E_PERM. */
int kill(pid_t pid);

/* Moves the end of the heap by `bytes`; returns where it was, or (void *)-1: no memory. malloc() uses
 * it, too, and can do with others who do. */
void *sbrk(intptr_t bytes);

/* Wait that long, blocked. sleep() returns 0. */
unsigned int sleep(unsigned int seconds);
int usleep(unsigned int microseconds);

#endif
