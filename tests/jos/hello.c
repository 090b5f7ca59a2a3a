/* The first program: who one is. */
#include "tests/jos/test.h"

extern unsigned char etext[], edata[], end[];

void umain(int argc, char **argv)
{
    cprintf("hello, world\n");
    cprintf("i am environment %08x\n", thisenv->env_id);
    CHECK_EQ(thisenv->env_id, 0x1000, "jos_hello_first_id");
    CHECK_EQ(sys_getenvid(), 0x1000, "jos_hello_getenvid");
    CHECK_EQ(thisenv->env_status, ENV_RUNNING, "jos_hello_running");
    CHECK_EQ(thisenv->env_parent_id, 0, "jos_hello_no_parent");
    CHECK(argc == 0 && argv == NULL, "jos_hello_no_arguments");
    CHECK(strcmp(binaryname, "<unknown>") == 0, "jos_hello_binaryname");
    CHECK(UTEXT < (uint32_t)etext && etext <= edata && edata <= end, "jos_hello_segments");
}
