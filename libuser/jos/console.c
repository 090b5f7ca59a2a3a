/* The console, a character at a time. */
#include <inc/lib.h>

#include "libuser/jos/kernel.h"

int sys_cgetc(void)
{
    return grain_read();
}

void cputchar(int c)
{
    char text = (char)c;

    sys_cputs(&text, 1);
}

/* Asks again and again, as in JOS: the kernel has no input to wait for, a server drives the console. */
int getchar(void)
{
    int c;

    while ((c = sys_cgetc()) == 0)
        sys_yield();
    return c;
}

int iscons(int fd)
{
    (void)fd;
    return 1;
}
