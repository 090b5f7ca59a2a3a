/* fprintf() and vfprintf(): there is one file, the console. A program may have its own of either. */
#include <inc/lib.h>

#include "libuser/jos/kernel.h"

#define CONSOLE_FD 1

JOS_MAY_REPLACE int vfprintf(int fd, const char *fmt, va_list ap)
{
    return fd == CONSOLE_FD ? vcprintf(fmt, ap) : -E_INVAL;
}

JOS_MAY_REPLACE int fprintf(int fd, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vfprintf(fd, fmt, ap);
    va_end(ap);
    return len;
}
