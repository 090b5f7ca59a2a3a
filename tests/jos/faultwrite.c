/* The same with a write. A child that was never started is left behind: it could not run any more. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    envid_t child = sys_exofork();

    if (child < 0)
        panic("sys_exofork: %e", child);
    cprintf("ok - jos_faultwrite_started\n");
    *(unsigned *)0 = 0;
    cprintf("not ok - jos_faultwrite: wrote to location 0\n");
}
