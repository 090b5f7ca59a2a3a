/* The memory and string functions the kernel has: the usual names, the usual meaning.
 *
 * The compiler calls the first four by itself. On the host (unit tests) the C library provides all
 * but strlcpy, which goes by another name there because some C libraries have it and some do not.
 */
#ifndef GRAIN_KERNEL_STRING_H
#define GRAIN_KERNEL_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/races/races.h"

#ifdef GRAIN_HOST
#include <string.h>
#define strlcpy grain_strlcpy
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
#endif

/* Copies at most size - 1 bytes and always ends dst with 0 (unless size is 0). Returns strlen(src):
 * the copy is whole when that is below size. */
size_t strlcpy(char *dst, const char *src, size_t size);

/* So many words, in line. */
static inline ALWAYS_INLINE void copy_words(uint32_t *to, const uint32_t *from, uint32_t count)
{
#ifdef GRAIN_HOST
    memcpy(to, from, count * sizeof(*to));
#else
    races_touch(from, count * sizeof(*to), false);
    races_touch(to, count * sizeof(*to), true);
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#endif
}

#endif
