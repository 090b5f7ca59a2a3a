/* An upcall in the kernel's memory: user code does not get to run it. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), PTE_RW);
    CHECK_EQ(sys_env_set_pgfault_upcall(0, (void *)0xc0100020), 0, "jos_faultevilhandler_set");
    *(int *)0 = 0;
    cprintf("not ok - jos_faultevilhandler: went on\n");
}
