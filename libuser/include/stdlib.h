/* Program end, memory, numbers, random numbers: functions of C11 but where said. */
#ifndef GRAIN_LIB_STDLIB_H
#define GRAIN_LIB_STDLIB_H

#include <stddef.h>
#include <stdint.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define EXIT_ABORTED 134 /* abort(), a failed assert() */

/* Ends the program: all envs of its address space, the caller last, with `status`. */
_Noreturn void exit(int status);
_Noreturn void abort(void);

/* The heap grows by sbrk(), in a bare program by page_alloc between HEAP_BASE and HEAP_END
 * (grain/layout.h), and does not shrink. Blocks are aligned to 16 bytes. Several envs of the address
 * space may use it at once (grain/mutex.h says which may not). */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

int atoi(const char *s);
long strtol(const char *restrict s, char **restrict end, int base);
unsigned long strtoul(const char *restrict s, char **restrict end, int base);

int abs(int value);

/* xorshift32: a fast generator of period 2^32 - 1; *state must not be 0 (0 counts as 1). */
uint32_t rand_r(uint32_t *state);

/* A number below `limit`, which must not be 0; nearly uniform. */
uint32_t rand_below(uint32_t *state, uint32_t limit);

/* Sorts `count` elements in place (heap sort: no memory, no worst case). */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

/* The program's environment, ends with NULL; NULL if there is none. */
extern char **environ;
char *getenv(const char *name);

/* argv[0], or "?"; not C11. */
extern const char *program_name;

#endif
