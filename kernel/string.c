/* Memory and string functions, see string.h.
 *
 * memcpy and memset move words with one string instruction: on the measuring emulators each step
 * of it counts one, as against four or five for a loop. The loops below rely on -ffreestanding:
 * without it the compiler may turn them into calls to the very functions they implement.
 */
#include "kernel/string.h"

#include <stdint.h>

#include "kernel/races/races.h"

#ifndef GRAIN_HOST

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
    void *to = dst;
    size_t words = len / 4;

    races_touch(src, len, false);
    races_touch(dst, len, true);
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(src), "+c"(words) : : "memory");
    len &= 3;
    if (len != 0)
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(len) : : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    /* A forward copy is right unless dst starts inside src; unsigned wrap covers dst below it. */
    if ((uintptr_t)to - (uintptr_t)from >= len)
        return memcpy(dst, src, len);
    while (len-- != 0)
        to[len] = from[len];
    return dst;
}

void *memset(void *dst, int value, size_t len)
{
    void *to = dst;
    size_t words = len / 4;
    uint32_t pattern = (uint8_t)value * 0x01010101u;

    races_touch(dst, len, true);
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    len &= 3;
    if (len != 0)
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(pattern) : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; len != 0; len--, x++, y++) {
        if (*x != *y)
            return *x < *y ? -1 : 1;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t len = 0;

    while (s[len] != 0)
        len++;
    return len;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len != 0; len--, a++, b++) {
        if (*a != *b)
            return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
        if (*a == 0)
            return 0;
    }
    return 0;
}

#endif

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (size != 0) {
        size_t copied = len < size ? len : size - 1;
        memcpy(dst, src, copied);
        dst[copied] = 0;
    }
    return len;
}
