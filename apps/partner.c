/* A child to exchange messages with, see apps/partner.h. The child tells the parent by a message who
 * it is; the kernel writes the sender, so the message has nothing else to say. */
#include "apps/partner.h"

#include <stdlib.h>
#include <unistd.h>

#include "grain/ipc.h"

#define HELLO   0x68656c6cu
#define WAIT_US 10000000u /* for a child's start, on a loaded emulator too */

static envid_t receive_hello(void)
{
    struct ipc_msg msg;
    int32_t from;

    ipc_set_timeouts(0, WAIT_US);
    do {
        from = ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg);
    } while (from == 0 || (from > 0 && msg.w[0] != HELLO));
    return from > 0 ? ipc_sender(from) : from;
}

static void send_hello(envid_t parent)
{
    static const struct ipc_msg msg = {.w = {HELLO}};

    if (ipc_send(parent, &msg) < 0)
        exit(EXIT_FAILURE);
}

pid_t partner_fork(struct partner *partner)
{
    envid_t self = env_self();
    pid_t pid = fork();

    if (pid < 0)
        return pid;
    if (pid == 0) {
        send_hello(self);
        *partner = (struct partner){.pid = 0, .env = self};
        return 0;
    }
    envid_t child = receive_hello();
    if (child < 0)
        return child;
    *partner = (struct partner){.pid = pid, .env = child};
    return pid;
}
