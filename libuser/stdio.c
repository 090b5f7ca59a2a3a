/* Standard output and error, see <stdio.h>. The formatter is the kernel's, kernel/format.c. */
#include <stdio.h>
#include <string.h>

#include "grain/console.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "kernel/format.h"
#include "libuser/stream.h"

_Static_assert(UTCB_OUT_SIZE <= sizeof(((struct utcb *)0)->buf), "a line fits one log_write");

void stdout_flush(void)
{
    struct utcb *self = utcb();
    struct utcb_local *local = utcb_local();
    uint32_t len = local->out_len;

    local->out_len = 0;
    if (len == 0 || (server_exists(SERVER_CONSOLE) && console_write(local->out, len) == 0))
        return;
    memcpy(self->buf, local->out, len);
    (void)log_write(len); /* forbidden by the limits, if anything: then nobody wants the output */
}

void stdout_write(const char *text, size_t len)
{
    struct utcb_local *local = utcb_local();

    for (; len != 0; len--, text++) {
        char c = *text;

        /* The load may fault, and a fault handler of one's own may print: not before c is here is
         * the buffer looked at. */
        __asm__ volatile("" : : "r"(c) : "memory");
        if (local->out_len >= UTCB_OUT_SIZE)
            stdout_flush();
        local->out[local->out_len++] = c;
        if (c == '\n')
            stdout_flush();
    }
}

static void format_write(struct format_sink *sink, const char *text, size_t len)
{
    (void)sink;
    stdout_write(text, len);
}

int vprintf(const char *fmt, va_list args)
{
    struct format_sink sink = {.write = format_write};

    return (int)format_stream(&sink, fmt, args);
}

int printf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vprintf(fmt, args);
    va_end(args);
    return len;
}

int vfprintf(FILE *stream, const char *fmt, va_list args)
{
    int len = vprintf(fmt, args);

    if (stream == stderr)
        stdout_flush();
    return len;
}

int fprintf(FILE *stream, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vfprintf(stream, fmt, args);
    va_end(args);
    return len;
}

int fputs(const char *s, FILE *stream)
{
    size_t len = strlen(s);

    stdout_write(s, len);
    if (stream == stderr)
        stdout_flush();
    return (int)len;
}

int fputc(int c, FILE *stream)
{
    char text = (char)c;

    stdout_write(&text, 1);
    if (stream == stderr)
        stdout_flush();
    return (unsigned char)text;
}

int fflush(FILE *stream)
{
    (void)stream;
    stdout_flush();
    return 0;
}

int puts(const char *s)
{
    size_t len = strlen(s);

    stdout_write(s, len);
    stdout_write("\n", 1);
    return (int)len + 1;
}

int putchar(int c)
{
    return fputc(c, stdout);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    return (int)format_text_va(buf, size, fmt, args);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}
