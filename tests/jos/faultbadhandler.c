/* An upcall where nothing is mapped: it faults in turn, until the exception stack is full. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), PTE_RW);
    CHECK_EQ(sys_env_set_pgfault_upcall(0, (void *)0xdeadbeef), 0, "jos_faultbadhandler_set");
    *(int *)0 = 0;
    cprintf("not ok - jos_faultbadhandler: went on\n");
}
