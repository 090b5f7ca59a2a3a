/* Reads where nothing is mapped, without a handler: the kernel says where, and ends the env. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    cprintf("ok - jos_faultread_started\n");
    cprintf("not ok - jos_faultread: read %08x from location 0\n", *(unsigned *)0);
}
