/* Twenty children on all CPUs: no env runs on two at once, and each gets done. */
#include "tests/jos/test.h"

#define CHILDREN 20
#define ROUNDS   10
#define LOOPS    10000

static volatile int counter;

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    int i;

    for (i = 0; i < CHILDREN; i++) {
        if (fork() == 0)
            break;
    }
    if (i < CHILDREN) {
        for (int round = 0; round < ROUNDS; round++) {
            sys_yield();
            for (int j = 0; j < LOOPS; j++)
                counter++;
        }
        if (counter != ROUNDS * LOOPS)
            panic("ran on two CPUs at once (counter is %d)", counter);
        cprintf("[%08x] stresssched on CPU %d\n", thisenv->env_id, thisenv->env_cpunum);
        ipc_send(parent, (uint32_t)counter, NULL, 0);
        return;
    }
    for (i = 0; i < CHILDREN && ipc_recv(NULL, NULL, NULL) == ROUNDS * LOOPS; i++) {}
    CHECK_EQ(i, CHILDREN, "jos_stresssched_all_done");
}
