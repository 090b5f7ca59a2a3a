/* The same between two envs that share memory (sfork): the value is in it, and thisenv is each one's own. */
#include "tests/jos/test.h"

static uint32_t val;

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    envid_t child = sfork();
    envid_t me = sys_getenvid();
    bool good = true;
    envid_t who;

    if (child != 0) {
        cprintf("i am %08x; thisenv is %p\n", me, thisenv);
        ipc_send(child, 0, NULL, 0);
    }
    for (;;) {
        uint32_t sent;

        ipc_recv(&who, NULL, NULL);
        cprintf("%x got %d from %x (thisenv is %p %x)\n", me, val, who, thisenv, thisenv->env_id);
        good &= thisenv == &envs[ENVX(me)] && thisenv->env_id == me && who != me;
        if (val == 10)
            break;
        sent = ++val;
        ipc_send(who, 0, NULL, 0);
        if (sent == 10)
            break;
    }
    CHECK(good, me == parent ? "jos_pingpongs_parent" : "jos_pingpongs_child");
}
