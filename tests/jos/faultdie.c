/* A handler that ends the env. */
#include "tests/jos/test.h"

static void handler(struct UTrapframe *utf)
{
    cprintf("i faulted at va %x, err %x\n", utf->utf_fault_va, utf->utf_err & 7);
    CHECK_EQ(utf->utf_fault_va, 0xdeadbeef, "jos_faultdie_va");
    CHECK_EQ(utf->utf_err & 7, FEC_U | FEC_WR, "jos_faultdie_error");
    sys_env_destroy(sys_getenvid());
    cprintf("not ok - jos_faultdie: lives on\n");
}

void umain(int argc, char **argv)
{
    set_pgfault_handler(handler);
    *(int *)0xdeadbeef = 0;
    cprintf("not ok - jos_faultdie: went on\n");
}
