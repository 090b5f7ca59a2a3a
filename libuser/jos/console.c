/* The console, a character at a time. A program may have its own of any of these. */
#include <inc/lib.h>

#include "libuser/jos/kernel.h"

JOS_MAY_REPLACE void cputchar(int c)
{
    char text = (char)c;

    sys_cputs(&text, 1);
}

/* Asks again and again, as in JOS: the kernel has no input to wait for, a server drives the console. */
JOS_MAY_REPLACE int getchar(void)
{
    int c;

    while ((c = sys_cgetc()) == 0)
        sys_yield();
    return c;
}

JOS_MAY_REPLACE int iscons(int fd)
{
    (void)fd;
    return 1;
}
