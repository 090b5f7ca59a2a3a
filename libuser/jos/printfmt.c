/* Formatted text: the kernel's formatter (kernel/format.c), with the error texts of JOS. */
#include <inc/lib.h>

#include "kernel/format.h"
#include "libuser/jos/printfmt.h"

static const char *const error_texts[MAXERROR] = {
    [E_UNSPECIFIED] = "unspecified error",   [E_BAD_ENV] = "bad environment",
    [E_INVAL] = "invalid parameter",         [E_NO_MEM] = "out of memory",
    [E_NO_FREE_ENV] = "out of environments", [E_FAULT] = "segmentation fault",
    [E_IPC_NOT_RECV] = "env is not recving", [E_EOF] = "unexpected end of file",
};

const char *jos_error_text(int error)
{
    static char other[24];
    uint32_t number = error < 0 ? 0 - (uint32_t)error : (uint32_t)error;

    if (number < MAXERROR && error_texts[number] != NULL)
        return error_texts[number];
    (void)format_text(other, sizeof(other), "error %u", number);
    return other;
}

struct putch_sink {
    struct format_sink sink; /* first: putch_write converts its address */
    void (*putch)(int, void *);
    void *putdat;
};

static void putch_write(struct format_sink *sink, const char *text, size_t len)
{
    const struct putch_sink *to = (const struct putch_sink *)sink;

    for (; len != 0; len--)
        to->putch((unsigned char)*text++, to->putdat);
}

void vprintfmt(void (*putch)(int, void *), void *putdat, const char *fmt, va_list ap)
{
    struct putch_sink to = {
        .sink = {.write = putch_write, .error_text = jos_error_text},
        .putch = putch,
        .putdat = putdat,
    };

    (void)format_stream(&to.sink, fmt, ap);
}

void printfmt(void (*putch)(int, void *), void *putdat, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintfmt(putch, putdat, fmt, ap);
    va_end(ap);
}

struct buffer_sink {
    struct format_sink sink;
    char *next;
    size_t room;
};

static void buffer_write(struct format_sink *sink, const char *text, size_t len)
{
    struct buffer_sink *to = (struct buffer_sink *)sink;
    size_t fits = MIN(len, to->room);

    memcpy(to->next, text, fits);
    to->next += fits;
    to->room -= fits;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through to.next */
int vsnprintf(char *str, int size, const char *fmt, va_list ap)
{
    struct buffer_sink to = {
        .sink = {.write = buffer_write, .error_text = jos_error_text},
        .next = str,
        .room = (size_t)size - 1,
    };
    size_t len;

    if (str == NULL || size < 1)
        return -E_INVAL;
    len = format_stream(&to.sink, fmt, ap);
    *to.next = 0;
    return (int)len;
}

int snprintf(char *str, int size, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(str, size, fmt, ap);
    va_end(ap);
    return len;
}
