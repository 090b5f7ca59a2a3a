/* Strings. What the kernel has too is its kernel/string.c, which is compiled into the library. */
#include <inc/string.h>

int strnlen(const char *s, size_t size)
{
    int len = 0;

    while ((size_t)len < size && s[len] != 0)
        len++;
    return len;
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

void *memfind(const void *s, int c, size_t len)
{
    const uint8_t *p = s;

    while (len-- != 0 && *p != (uint8_t)c)
        p++;
    return (void *)(uintptr_t)p;
}

/* The value of a digit, 99 for what is none in any base. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 99;
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
