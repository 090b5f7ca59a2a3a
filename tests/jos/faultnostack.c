/* An upcall without an exception stack. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    CHECK_EQ(sys_env_set_pgfault_upcall(0, (void *)_pgfault_upcall), 0, "jos_faultnostack_set");
    *(int *)0 = 0;
    cprintf("not ok - jos_faultnostack: went on\n");
}
