/* Strings, see <string.h>. The memory functions and those that the kernel has too are in
 * kernel/string.c, which is compiled into the library. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memchr(const void *s, int c, size_t len)
{
    const uint8_t *p = s;

    for (; len != 0; len--, p++) {
        if (*p == (uint8_t)c)
            return (void *)(uintptr_t)p;
    }
    return NULL;
}

size_t strnlen(const char *s, size_t max)
{
    size_t len = 0;

    while (len < max && s[len] != 0)
        len++;
    return len;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (*s == 0)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (*s == 0)
            return (char *)(uintptr_t)last;
    }
}

char *strstr(const char *s, const char *part)
{
    size_t len = strlen(part);

    for (; strncmp(s, part, len) != 0; s++) {
        if (*s == 0)
            return NULL;
    }
    return (char *)(uintptr_t)s;
}

size_t strspn(const char *s, const char *set)
{
    size_t len = 0;

    while (s[len] != 0 && strchr(set, s[len]) != NULL)
        len++;
    return len;
}

size_t strcspn(const char *s, const char *set)
{
    size_t len = 0;

    while (s[len] != 0 && strchr(set, s[len]) == NULL)
        len++;
    return len;
}

char *strcpy(char *restrict dst, const char *restrict src)
{
    memcpy(dst, src, strlen(src) + 1);
    return dst;
}

char *strncpy(char *restrict dst, const char *restrict src, size_t len)
{
    size_t used = strnlen(src, len);

    memcpy(dst, src, used);
    memset(dst + used, 0, len - used);
    return dst;
}

char *strcat(char *restrict dst, const char *restrict src)
{
    strcpy(dst + strlen(dst), src);
    return dst;
}

char *strdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, s, size);
    return copy;
}

char *strtok_r(char *restrict s, const char *restrict set, char **restrict state)
{
    if (s == NULL)
        s = *state;
    s += strspn(s, set);
    if (*s == 0) {
        *state = s;
        return NULL;
    }
    char *end = s + strcspn(s, set);
    *state = *end == 0 ? end : end + 1;
    *end = 0;
    return s;
}
