/* Calls to the pager. It answers at once and never calls us. */
#include <errno.h>
#include <string.h>

#include "grain/syscall.h"
#include "servers/proc/proc.h"

static int call(uint32_t flags, struct ipc_msg *msg)
{
    int32_t result = ipc(IPC_OP_CALL | flags, servers.pager, msg);

    return result < 0 ? result : (int32_t)msg->w[0];
}

int pager_call(uint32_t op, envid_t env, uint32_t w2)
{
    struct ipc_msg msg = {.w = {op, (uint32_t)env, w2}};

    return call(0, &msg);
}

int pager_add_region(envid_t env, const struct pager_region *region)
{
    struct ipc_msg msg = {.w = {PAGER_REGION, (uint32_t)env}};

    memcpy(utcb()->words, region, sizeof(*region));
    return call(IPC_SEND_WORDS(sizeof(*region) / sizeof(uint32_t)), &msg);
}

bool pager_destroy(envid_t env)
{
    struct ipc_msg msg = {.w = {PAGER_DESTROY, (uint32_t)env}};

    return call(0, &msg) == 0 && msg.w[1] != 0;
}
