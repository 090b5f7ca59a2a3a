/* Senders stand in line: of four who send all the time, none that waits sees another served twice before it,
 * on however many CPUs. */
#include "tests/jos/test.h"

#define SENDERS 4
#define ENOUGH  1000u /* messages of each */

static envid_t sender[SENDERS];
static uint32_t count[SENDERS];
static uint32_t passed_by[SENDERS]; /* messages taken since it was seen to wait */
static uint32_t most;

/* Who is blocked while we run stands in our queue. */
static void look(void)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        if (passed_by[i] != 0 || envs[ENVX(sender[i])].env_status == ENV_NOT_RUNNABLE)
            passed_by[i]++;
    }
}

static void take(void)
{
    uint32_t i = (uint32_t)ipc_recv(NULL, NULL, NULL) % SENDERS;

    count[i]++;
    most = MAX(most, passed_by[i]);
    passed_by[i] = 0;
}

static bool is_enough(void)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        if (count[i] < ENOUGH)
            return false;
    }
    return true;
}

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();

    for (uint32_t i = 0; i < SENDERS; i++) {
        sender[i] = fork();
        if (sender[i] == 0) {
            for (;;)
                ipc_send(parent, i, NULL, 0);
        }
    }
    while (!is_enough()) {
        look();
        take();
    }
    cprintf("# messages of each: %u %u %u %u\n", count[0], count[1], count[2], count[3]);
    CHECK(most <= SENDERS, "jos_queue_first_come_first_served");
    CHECK(most > 1, "jos_queue_was_used");
    for (uint32_t i = 0; i < SENDERS; i++)
        sys_env_destroy(sender[i]);
}
