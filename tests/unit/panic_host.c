/* panic() on the host, see panic_host.h. */
#include "panic_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/panic.h"

jmp_buf panic_host_back;
bool panic_host_expected;

static char text[256];

const char *panic_host_text(void)
{
    return text;
}

_Noreturn void panic_at(const char *file, uint32_t line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (panic_host_expected) {
        panic_host_expected = false;
        longjmp(panic_host_back, 1);
    }
    printf("# panic at %s:%u: %s\n", file, line, text);
    fflush(stdout);
    abort();
}
