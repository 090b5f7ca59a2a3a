/* Memory and strings: the functions of C11, and strlcpy, strnlen, strdup. */
#ifndef GRAIN_LIB_STRING_H
#define GRAIN_LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *s, int c, size_t len);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strcpy(char *restrict dst, const char *restrict src);
char *strncpy(char *restrict dst, const char *restrict src, size_t len);
char *strcat(char *restrict dst, const char *restrict src);

/* Copies at most size - 1 bytes and always ends dst with 0 (unless size is 0). Returns strlen(src):
 * the copy is whole when that is below size. */
size_t strlcpy(char *dst, const char *src, size_t size);

/* A copy that free() takes; NULL: no memory. */
char *strdup(const char *s);

/* Splits a string in place, as strtok_r of POSIX. */
char *strtok_r(char *restrict s, const char *restrict set, char **restrict state);

#endif
