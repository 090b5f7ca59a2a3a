/* Strings and memory, for programs and for the compiler, which calls memcpy, memmove, memset and memcmp by itself.
 *
 * Not the kernel's (kernel/string.c): what a comparison returns, what strlcpy counts and that memcpy may
 * overlap is as in JOS.
 */
#include <inc/string.h>

#define NO_LIMIT  (~(size_t)0)
#define NOT_DIGIT 0x7fffffff /* no digit in any base */

/* The compiler does not make calls of these loops: -ffreestanding. */

void *memset(void *dst, int c, size_t len)
{
    void *to = dst;
    size_t words = len / 4;
    uint32_t pattern = (uint8_t)c * 0x01010101u;

    len %= 4;
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(pattern) : "memory");
    return dst;
}

static void copy_forward(void *to, const void *from, size_t len)
{
    size_t words = len / 4;

    len %= 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
}

void *memmove(void *dst, const void *src, size_t len)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    /* Backwards only where dst starts inside src; dst below src wraps to a large distance. */
    if ((uintptr_t)to - (uintptr_t)from >= len) {
        copy_forward(dst, src, len);
        return dst;
    }
    while (len-- != 0)
        to[len] = from[len];
    return dst;
}

void *memcpy(void *dst, const void *src, size_t len)
{
    return memmove(dst, src, len);
}

int memcmp(const void *s1, const void *s2, size_t len)
{
    const uint8_t *a = s1;
    const uint8_t *b = s2;

    while (len != 0 && *a == *b) {
        len--;
        a++;
        b++;
    }
    return len == 0 ? 0 : *a - *b;
}

void *memfind(const void *s, int c, size_t len)
{
    const uint8_t *p = s;

    while (len-- != 0 && *p != (uint8_t)c)
        p++;
    return (void *)(uintptr_t)p;
}

int strlen(const char *s)
{
    return strnlen(s, NO_LIMIT);
}

int strnlen(const char *s, size_t size)
{
    size_t len = 0;

    while (len < size && s[len] != 0)
        len++;
    return (int)len;
}

char *strcpy(char *dst, const char *src)
{
    char *to = dst;

    while ((*to++ = *src++) != 0) {}
    return dst;
}

char *strncpy(char *dst, const char *src, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        dst[i] = *src;
        if (*src != 0)
            src++;
    }
    return dst;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = 0;

    if (size == 0)
        return 0;
    for (; len < size - 1 && src[len] != 0; len++)
        dst[len] = src[len];
    dst[len] = 0;
    return len;
}

char *strcat(char *dst, const char *src)
{
    strcpy(dst + strlen(dst), src);
    return dst;
}

int strcmp(const char *s1, const char *s2)
{
    return strncmp(s1, s2, NO_LIMIT);
}

int strncmp(const char *s1, const char *s2, size_t size)
{
    while (size != 0 && *s1 != 0 && *s1 == *s2) {
        size--;
        s1++;
        s2++;
    }
    return size == 0 ? 0 : (uint8_t)*s1 - (uint8_t)*s2;
}

char *strfind(const char *s, char c)
{
    while (*s != 0 && *s != c)
        s++;
    return (char *)(uintptr_t)s;
}

char *strchr(const char *s, char c)
{
    s = strfind(s, c);
    return *s == c && c != 0 ? (char *)(uintptr_t)s : NULL;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return NOT_DIGIT;
}

/* Base 0: by the prefix. Without a check for overflow, as in JOS. */
long strtol(const char *s, char **endptr, int base)
{
    uint32_t value = 0;
    bool negative = false;

    while (*s == ' ' || *s == '\t')
        s++;
    if (*s == '+' || *s == '-')
        negative = *s++ == '-';
    if ((base == 0 || base == 16) && s[0] == '0' && s[1] == 'x') {
        s += 2;
        base = 16;
    } else if (base == 0) {
        base = *s == '0' ? 8 : 10;
    }
    for (; digit_value(*s) < base; s++)
        value = value * (uint32_t)base + (uint32_t)digit_value(*s);
    if (endptr != NULL)
        *endptr = (char *)(uintptr_t)s;
    return (long)(negative ? 0 - value : value);
}
