/* The client side of the pager, see grain/memory.h and sbrk in <unistd.h>. */
#include "grain/memory.h"

#include <string.h>
#include <unistd.h>

#include "grain/server.h"

int memory_map(uintptr_t *va, size_t bytes, uint32_t perm)
{
    struct ipc_msg msg = {.w = {PAGER_MAP, bytes, perm, *va}};
    int error = server_call(SERVER_PAGER, 0, &msg, NULL);

    if (error == 0)
        *va = msg.w[1];
    return error;
}

int memory_unmap(uintptr_t va, size_t bytes)
{
    struct ipc_msg msg = {.w = {PAGER_UNMAP, va, bytes}};

    return server_call(SERVER_PAGER, 0, &msg, NULL);
}

int shared_create(size_t bytes, uint32_t *key)
{
    struct ipc_msg msg = {.w = {PAGER_SHARED_CREATE, bytes}};
    int error = server_call(SERVER_PAGER, 0, &msg, NULL);

    if (error == 0)
        *key = msg.w[1];
    return error;
}

int shared_attach(uint32_t key, uint32_t perm, uintptr_t *va, size_t *bytes)
{
    struct ipc_msg msg = {.w = {PAGER_SHARED_ATTACH, key, perm}};
    int error = server_call(SERVER_PAGER, 0, &msg, NULL);

    if (error < 0)
        return error;
    *va = msg.w[1];
    *bytes = msg.w[2];
    return 0;
}

int pager_stats(struct pager_stats *stats)
{
    struct ipc_msg msg = {.w = {PAGER_STATS}};
    int error = server_call(SERVER_PAGER, 0, &msg, NULL);

    if (error == 0)
        memcpy(stats, utcb()->words, sizeof(*stats));
    return error;
}

void *sbrk(intptr_t bytes)
{
    struct ipc_msg msg = {.w = {PAGER_BREAK, (uint32_t)bytes}};

    if (server_call(SERVER_PAGER, 0, &msg, NULL) < 0)
        return (void *)-1;
    return (void *)(uintptr_t)msg.w[1];
}
