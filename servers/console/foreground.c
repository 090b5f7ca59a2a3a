/* The foreground process, see foreground.h. */
#include "servers/console/foreground.h"

#include <errno.h>
#include <stdio.h>

#include "abi/proc.h"
#include "grain/ipc.h"
#include "servers/console/client.h"
#include "servers/console/readers.h"

#define PROC_PATIENCE_US 1000000u

static envid_t proc;
static envid_t owner; /* the client that may name it */
static uint32_t foreground;
static bool interrupt_next;

void foreground_init(envid_t proc_id)
{
    proc = proc_id;
}

static bool is_owned(void)
{
    return owner != 0 && client_is_alive(owner);
}

bool foreground_is_owner(envid_t client)
{
    return owner == client || !is_owned();
}

int foreground_set(envid_t client, uint32_t pid)
{
    if (!foreground_is_owner(client))
        return -E_PERM;
    owner = client;
    foreground = pid;
    if (interrupt_next && foreground_interrupt())
        interrupt_next = false;
    return 0;
}

bool foreground_exists(void)
{
    return foreground != 0 && proc != 0;
}

/* It has no other business with the console. */
bool foreground_is_answer(envid_t from)
{
    return from == proc;
}

/* proc never waits for the console, so this cannot hold both up; its answer is not waited for. */
bool foreground_interrupt(void)
{
    struct ipc_msg msg = {.w = {PROC_INTERRUPT, foreground}};

    if (!foreground_exists())
        return false;
    ipc_set_timeouts(PROC_PATIENCE_US, 0);
    int32_t result = ipc(IPC_SEND | IPC_TIMED, proc, &msg);
    if (result < 0)
        printf("console: proc cannot be told of Ctrl-C: %s\n", grain_strerror(result));
    return true;
}

/* proc answers at once: nothing that it waits for waits for the console. */
static bool is_below(envid_t client, uint32_t pid)
{
    struct ipc_msg msg = {.w = {PROC_IS_BELOW, (uint32_t)client, pid}};

    return ipc_call(proc, &msg) > 0 && msg.w[0] == 0;
}

bool foreground_may_read(envid_t client)
{
    if (!is_owned() || proc == 0)
        return true;
    return foreground == 0 ? client == owner : is_below(client, foreground);
}

bool foreground_may_set_mode(envid_t client)
{
    if (!is_owned() || proc == 0 || client == owner)
        return true;
    return foreground == 0 ? !readers_has(owner) : is_below(client, foreground);
}

bool foreground_is_back(envid_t client)
{
    return client == owner && foreground == 0;
}

void foreground_interrupt_next(bool keep)
{
    interrupt_next = keep;
}
