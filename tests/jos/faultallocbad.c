/* A bad pointer for a system call ends the caller, handler or not. */
#include "tests/jos/test.h"

static void handler(struct UTrapframe *utf)
{
    cprintf("not ok - jos_faultallocbad: handler at %08x\n", utf->utf_fault_va);
    exit();
}

void umain(int argc, char **argv)
{
    cprintf("ok - jos_faultallocbad_started\n");
    set_pgfault_handler(handler);
    sys_cputs((char *)0xdeadbeef, 4);
    cprintf("not ok - jos_faultallocbad: went on\n");
}
