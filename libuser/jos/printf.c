/* cprintf(): text gathered on the stack, and printed in pieces of PIECE bytes, so that a line of usual length
 * is one piece. */
#include <inc/lib.h>

#include "kernel/format.h"
#include "libuser/jos/kernel.h"
#include "libuser/jos/printfmt.h"

#define PIECE 256u

struct console_sink {
    struct format_sink sink; /* first: console_write converts its address */
    size_t len;
    char text[PIECE];
};

static void console_write(struct format_sink *sink, const char *text, size_t len)
{
    struct console_sink *to = (struct console_sink *)sink;

    for (; len != 0; len--) {
        to->text[to->len++] = *text++;
        if (to->len == PIECE) {
            sys_cputs(to->text, to->len);
            to->len = 0;
        }
    }
}

int vcprintf(const char *fmt, va_list ap)
{
    struct console_sink to;
    size_t len;

    to.sink = (struct format_sink){.write = console_write, .error_text = jos_error_text};
    to.len = 0;
    len = format_stream(&to.sink, fmt, ap);
    sys_cputs(to.text, to.len);
    return (int)len;
}

int cprintf(const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vcprintf(fmt, ap);
    va_end(ap);
    return len;
}

/* The console is all there is. A program may have its own. */
JOS_MAY_REPLACE int printf(const char *fmt, ...) __attribute__((alias("cprintf")));
