/* The JOS user API: strings and memory. */
#ifndef JOS_INC_STRING_H
#define JOS_INC_STRING_H

#include <inc/types.h>

int strlen(const char *s);
int strnlen(const char *s, size_t size);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t size);
char *strcat(char *dst, const char *src);
/* Copies at most size - 1 bytes, and a 0; how many. */
size_t strlcpy(char *dst, const char *src, size_t size);
/* The difference of the first two bytes that differ, or 0; so does memcmp. */
int strcmp(const char *s1, const char *s2);
int strncmp(const char *s1, const char *s2, size_t size);
char *strchr(const char *s, char c);
char *strfind(const char *s, char c); /* as strchr, but the string's end where c is not in it */

void *memset(void *dst, int c, size_t len);
/* dst and src may overlap for both. */
void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
int memcmp(const void *s1, const void *s2, size_t len);
void *memfind(const void *s, int c, size_t len); /* the first c, or the end */

long strtol(const char *s, char **endptr, int base);

#endif
