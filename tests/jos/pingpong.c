/* Messages back and forth between two address spaces. */
#include "tests/jos/test.h"

void umain(int argc, char **argv)
{
    envid_t child = fork();
    bool good = true;
    envid_t who;
    int expected;

    if (child != 0) {
        cprintf("send 0 from %x to %x\n", sys_getenvid(), child);
        ipc_send(child, 0, NULL, 0);
    }
    for (expected = child != 0; expected <= 10; expected += 2) {
        int i = ipc_recv(&who, NULL, NULL);

        cprintf("%x got %d from %x\n", sys_getenvid(), i, who);
        good &= i == expected && (child == 0 || who == child);
        if (i < 10)
            ipc_send(who, (uint32_t)i + 1, NULL, 0);
    }
    if (child != 0)
        CHECK(good && expected == 11, "jos_pingpong_parent");
    else
        CHECK(good && expected == 12, "jos_pingpong_child");
}
