/* panic() and warn(). */
#include <inc/lib.h>

void _panic(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    cprintf("[%08x] user panic in %s at %s:%d: ", sys_getenvid(), binaryname, file, line);
    va_start(ap, fmt);
    vcprintf(fmt, ap);
    va_end(ap);
    cprintf("\n");
    for (;;)
        __asm__ volatile("int3");
}

void _warn(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    cprintf("[%08x] user warning in %s at %s:%d: ", sys_getenvid(), binaryname, file, line);
    va_start(ap, fmt);
    vcprintf(fmt, ap);
    va_end(ap);
    cprintf("\n");
}
