/* Text to numbers. */
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

static unsigned int digit_value(int c)
{
    if (isdigit(c))
        return (unsigned int)(c - '0');
    return isalpha(c) ? (unsigned int)(tolower(c) - 'a') + 10 : UINT_MAX;
}

/* "0x" counts as a prefix only before a hexadecimal digit. */
static const char *skip_prefix(const char *s, int *base)
{
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isxdigit(s[2]);

    if (*base == 0)
        *base = hex ? 16 : s[0] == '0' ? 8 : 10;
    return *base == 16 && hex ? s + 2 : s;
}

struct parsed {
    unsigned long magnitude; /* ULONG_MAX when it does not fit */
    bool negative;
    bool overflow;
};

static struct parsed parse(const char *s, char **end, int base)
{
    struct parsed number = {.magnitude = 0};
    const char *p = s;

    while (isspace(*p))
        p++;
    number.negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    p = skip_prefix(p, &base);
    const char *digits = p;
    for (unsigned int digit; (digit = digit_value(*p)) < (unsigned int)base; p++) {
        unsigned long long sum = (unsigned long long)number.magnitude * (unsigned int)base + digit;
        number.overflow = number.overflow || sum > ULONG_MAX;
        number.magnitude = number.overflow ? ULONG_MAX : (unsigned long)sum;
    }
    if (end != NULL)
        *end = (char *)(uintptr_t)(p == digits ? s : p);
    return number;
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
    struct parsed number = parse(s, end, base);

    return number.negative && !number.overflow ? 0 - number.magnitude : number.magnitude;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
    struct parsed number = parse(s, end, base);

    if (number.negative)
        return number.magnitude > (unsigned long)LONG_MAX ? LONG_MIN : -(long)number.magnitude;
    return number.magnitude > (unsigned long)LONG_MAX ? LONG_MAX : (long)number.magnitude;
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}

int abs(int value)
{
    return value < 0 ? -value : value;
}
