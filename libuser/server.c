/* Calls to servers, see grain/server.h. */
#include "grain/server.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "abi/init.h"

struct process_start process_servers;

static envid_t *server_slot(enum server server)
{
    switch (server) {
    case SERVER_PAGER:
        return &process_servers.pager;
    case SERVER_PROC:
        return &process_servers.proc;
    case SERVER_BOOTFS:
        return &process_servers.bootfs;
    case SERVER_CONSOLE:
        return &process_servers.console;
    case SERVER_INIT:
        return &process_servers.init;
    }
    return NULL;
}

bool server_exists(enum server server)
{
    const envid_t *slot = server_slot(server);

    return slot != NULL && *slot != 0;
}

envid_t server_find(enum server server)
{
    struct ipc_msg msg = {.w = {INIT_SERVER, server}};

    /* The watcher would wait for itself; what it has to say goes to the kernel's log then. */
    if (server == SERVER_INIT || process_servers.init == 0 || process_servers.init == env_self())
        return 0;
    if (ipc_call(process_servers.init, &msg) < 0 || msg.w[0] != 0)
        return 0;
    return (envid_t)msg.w[1];
}

/* False: it is still the same, or init does not know. */
static bool find_again(enum server server, envid_t *slot)
{
    envid_t id = server_find(server);

    if (id == 0 || id == *slot)
        return false;
    *slot = id;
    return true;
}

int server_call(enum server server, uint32_t flags, struct ipc_msg *msg, int32_t *result)
{
    envid_t *slot = server_slot(server);
    struct ipc_msg request = *msg;
    int32_t got;

    if (slot == NULL || *slot == 0)
        return -E_BAD_ENV;
    do {
        *msg = request;
        got = ipc(IPC_OP_CALL | flags, *slot, msg);
    } while ((got == -E_BAD_ENV || got == -E_DEAD) && find_again(server, slot));
    if (got < 0)
        return got;
    if (result != NULL)
        *result = got;
    return (int32_t)msg->w[0] < 0 ? (int32_t)msg->w[0] : 0;
}

uint32_t server_put_string(const char *text)
{
    uint32_t size = (uint32_t)strnlen(text, SERVER_STRING_MAX) + 1;

    if (size > SERVER_STRING_MAX)
        return 0;
    memcpy(utcb()->words, text, size);
    return (size + sizeof(uint32_t) - 1) / sizeof(uint32_t);
}

void server_get_string(char *text, uint32_t size)
{
    const struct utcb *self = utcb();
    uint32_t most = self->got_words * (uint32_t)sizeof(uint32_t);
    uint32_t len = (uint32_t)strnlen((const char *)self->words, most);

    if (size == 0)
        return;
    len = len < size ? len : size - 1;
    memcpy(text, self->words, len);
    text[len] = 0;
}
