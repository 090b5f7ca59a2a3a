/* Text formatting, see format.h. No locks, no state: safe in a panic. */
#include "kernel/format.h"

#include <stdbool.h>

#include "kernel/div.h"
#include "kernel/string.h"

#define DIGITS_MAX 22        /* 2^64 in octal */
#define COUNT_MAX  (1 << 20) /* a width or precision counts as at most this */

/* 1 in libuser/jos alone: %#s shows '?' for what cannot be printed, and of %p the width is that of the digits. */
#ifndef FORMAT_JOS
#define FORMAT_JOS 0
#endif

struct output {
    struct format_sink *sink;
    size_t len;
};

struct spec {
    bool left;
    bool zero;
    bool upper;
    bool prefix; /* 0x; %o takes no notice */
    char plus;   /* what a number that is not negative begins with: '+', ' ' or 0 */
    int width;
    int precision; /* of a number: least digits; of a string: most bytes; negative: none */
    int size;      /* -2 hh, -1 h, 0 int, 1 long, 2 long long, 3 size_t */
};

static void put_text(struct output *out, const char *text, size_t len)
{
    if (len != 0)
        out->sink->write(out->sink, text, len);
    out->len += len;
}

static void put_repeated(struct output *out, char c, int count)
{
    while (count-- > 0)
        put_text(out, &c, 1);
}

static void put_printable(struct output *out, const char *text, int len)
{
    for (; len > 0; len--, text++)
        put_text(out, *text < ' ' || *text > '~' ? "?" : text, 1);
}

/* prefix: what stands before the zeros of a zero-padded number. */
static void put_field(struct output *out, const struct spec *spec, const char *prefix,
                      const char *text, int len)
{
    int prefix_len = (int)strlen(prefix);
    int zeros = spec->precision - len;

    if (spec->zero && !spec->left && spec->precision < 0)
        zeros = spec->width - prefix_len - len;
    if (zeros < 0)
        zeros = 0;
    int padding = spec->width - prefix_len - zeros - len;

    if (!spec->left)
        put_repeated(out, ' ', padding);
    put_text(out, prefix, (size_t)prefix_len);
    put_repeated(out, '0', zeros);
    if (FORMAT_JOS && spec->prefix)
        put_printable(out, text, len);
    else
        put_text(out, text, (size_t)len);
    if (spec->left)
        put_repeated(out, ' ', padding);
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, uint32_t base,
                       const char *prefix)
{
    const char *digits = spec->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[DIGITS_MAX];
    int start = DIGITS_MAX;

    while (value != 0)
        text[--start] = digits[div_u64_u32(&value, base)];
    if (start == DIGITS_MAX && spec->precision != 0)
        text[--start] = '0';
    put_field(out, spec, prefix, text + start, DIGITS_MAX - start);
}

/* Text, not a number: neither zeros before it nor a least number of digits. */
static void put_plain(struct output *out, struct spec *spec, const char *text, int len)
{
    spec->zero = false;
    spec->precision = -1;
    put_field(out, spec, "", text, len);
}

static void put_string(struct output *out, struct spec *spec, const char *text)
{
    int len = 0;

    if (text == NULL)
        text = "(null)";
    while ((spec->precision < 0 || len < spec->precision) && text[len] != 0)
        len++;
    put_plain(out, spec, text, len);
}

/* Functions take va_list *: a va_list parameter may be an array in disguise, so that its address is
 * not a pointer to va_list, and what is taken from a copy is not taken in the caller. */
/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized): it does not see through va_list * */
static uint64_t take_unsigned(va_list *args, const struct spec *spec)
{
    switch (spec->size) {
    case 3:
        return va_arg(*args, size_t);
    case 2:
        return va_arg(*args, unsigned long long);
    case 1:
        return va_arg(*args, unsigned long);
    case -1:
        return (unsigned short)va_arg(*args, unsigned int);
    case -2:
        return (unsigned char)va_arg(*args, unsigned int);
    default:
        return va_arg(*args, unsigned int);
    }
}

static int64_t take_signed(va_list *args, const struct spec *spec)
{
    switch (spec->size) {
    case 3:
        return va_arg(*args, ptrdiff_t);
    case 2:
        return va_arg(*args, long long);
    case 1:
        return va_arg(*args, long);
    case -1:
        return (short)va_arg(*args, int);
    case -2:
        return (signed char)va_arg(*args, int);
    default:
        return va_arg(*args, int);
    }
}

/* A width or precision: digits or '*'. Returns where it ends. Bounded, so that sums of them do not
 * overflow. */
static const char *parse_count(const char *p, va_list *args, int *count)
{
    *count = 0;
    if (*p == '*') {
        int given = va_arg(*args, int);
        *count = given > COUNT_MAX ? COUNT_MAX : given < -COUNT_MAX ? -COUNT_MAX : given;
        return p + 1;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (*count < COUNT_MAX / 10)
            *count = *count * 10 + (*p - '0');
    }
    return p;
}

static const char *parse_size(const char *p, struct spec *spec)
{
    if (*p == 'z') {
        spec->size = 3;
        return p + 1;
    }
    for (; *p == 'l' && spec->size < 2; p++)
        spec->size++;
    for (; *p == 'h' && spec->size > -2; p++)
        spec->size--;
    return p;
}

/* p is behind the '%'. Returns where the conversion character stands. */
static const char *parse_spec(const char *p, va_list *args, struct spec *spec)
{
    *spec = (struct spec){.precision = -1};
    for (;; p++) {
        if (*p == '-')
            spec->left = true;
        else if (*p == '0')
            spec->zero = true;
        else if (*p == '#')
            spec->prefix = true;
        else if (*p == '+' || *p == ' ')
            spec->plus = spec->plus == '+' ? '+' : *p;
        else
            break;
    }
    p = parse_count(p, args, &spec->width);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    if (*p == '.')
        p = parse_count(p + 1, args, &spec->precision);
    return parse_size(p, spec);
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
    char sign[2] = {value < 0 ? '-' : spec->plus, 0};

    put_number(out, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, sign);
}

/* Zero has no prefix, as C has it. */
static void put_hex(struct output *out, const struct spec *spec, uint64_t value)
{
    bool prefix = spec->prefix && value != 0;

    put_number(out, spec, value, 16, !prefix ? "" : spec->upper ? "0X" : "0x");
}

static void put_pointer(struct output *out, const struct spec *spec, uintptr_t value)
{
    if (FORMAT_JOS)
        put_text(out, "0x", 2);
    put_number(out, spec, value, 16, FORMAT_JOS ? "" : "0x");
}

static bool put_integer(struct output *out, char conversion, struct spec *spec, va_list *args)
{
    switch (conversion) {
    case 'd':
    case 'i':
        put_signed(out, spec, take_signed(args, spec));
        return true;
    case 'u':
        put_number(out, spec, take_unsigned(args, spec), 10, "");
        return true;
    case 'o':
        put_number(out, spec, take_unsigned(args, spec), 8, "");
        return true;
    case 'X':
    case 'x':
        spec->upper = conversion == 'X';
        put_hex(out, spec, take_unsigned(args, spec));
        return true;
    case 'p':
        put_pointer(out, spec, (uintptr_t)va_arg(*args, void *));
        return true;
    default:
        return false;
    }
}

/* Returns false for a conversion it does not know; nothing is taken or written then. */
static bool put_conversion(struct output *out, char conversion, struct spec *spec, va_list *args)
{
    switch (conversion) {
    case 's':
        put_string(out, spec, va_arg(*args, const char *));
        return true;
    case 'c': {
        char c = (char)va_arg(*args, int);
        put_plain(out, spec, &c, 1);
        return true;
    }
    case 'e':
        if (out->sink->error_text == NULL)
            return false;
        put_string(out, spec, out->sink->error_text(va_arg(*args, int)));
        return true;
    case '%':
        put_text(out, "%", 1);
        return true;
    default:
        return put_integer(out, conversion, spec, args);
    }
}

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

static void put_format(struct output *out, const char *fmt, va_list *args)
{
    while (*fmt != 0) {
        struct spec spec;
        const char *plain = fmt;

        while (*fmt != 0 && *fmt != '%')
            fmt++;
        put_text(out, plain, (size_t)(fmt - plain));
        if (*fmt == 0)
            return;
        const char *end = parse_spec(fmt + 1, args, &spec);
        if (*end != 0 && put_conversion(out, *end, &spec, args))
            fmt = end + 1;
        else
            put_text(out, fmt++, 1);
    }
}

size_t format_stream(struct format_sink *sink, const char *fmt, va_list args)
{
    struct output out = {.sink = sink};
    va_list copy;

    va_copy(copy, args);
    put_format(&out, fmt, &copy);
    va_end(copy);
    return out.len;
}

struct buffer {
    struct format_sink sink; /* first: buffer_write converts its address */
    char *next;
    size_t room;
};

static void buffer_write(struct format_sink *sink, const char *text, size_t len)
{
    struct buffer *buffer = (struct buffer *)sink;
    size_t fits = len < buffer->room ? len : buffer->room;

    memcpy(buffer->next, text, fits);
    buffer->next += fits;
    buffer->room -= fits;
}

size_t format_text_va(char *buf, size_t size, const char *fmt, va_list args)
{
    struct buffer buffer = {.sink = {.write = buffer_write}, .room = size == 0 ? 0 : size - 1};

    buffer.next = buf;
    size_t len = format_stream(&buffer.sink, fmt, args);

    if (size != 0)
        *buffer.next = 0;
    return len;
}

size_t format_text(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    size_t len = format_text_va(buf, size, fmt, args);
    va_end(args);
    return len;
}
