/* Starvation: four senders flood one receiver, and each gets through as often as the others. Where a host
 * stops some of the CPUs for a while, those who run there send less meanwhile: so this is for one CPU, and for
 * an engine on which all CPUs are equally fast. queue.c holds anywhere. */
#include "tests/jos/test.h"

#define SENDERS  4
#define MESSAGES 20000
#define SHARE    (MESSAGES / SENDERS)

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    envid_t sender[SENDERS];
    uint32_t count[SENDERS] = {0};
    bool good = true;

    for (uint32_t i = 0; i < SENDERS; i++) {
        sender[i] = fork();
        if (sender[i] == 0) {
            for (;;)
                ipc_send(parent, i, NULL, 0);
        }
    }
    /* From when all stand in line. */
    for (uint32_t i = 0; i < SENDERS; i++) {
        while (envs[ENVX(sender[i])].env_status != ENV_NOT_RUNNABLE)
            sys_yield();
    }
    for (int i = 0; i < MESSAGES; i++)
        count[ipc_recv(NULL, NULL, NULL) % SENDERS]++;
    for (uint32_t i = 0; i < SENDERS; i++) {
        cprintf("# sender %u: %u\n", i, count[i]);
        good &= count[i] >= SHARE - SHARE / 100 && count[i] <= SHARE + SHARE / 100;
    }
    CHECK(good, "jos_flood_equal_shares");
    for (uint32_t i = 0; i < SENDERS; i++)
        sys_env_destroy(sender[i]);
}
