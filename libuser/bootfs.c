/* The client side of bootfs, see grain/bootfs.h. */
#include "grain/bootfs.h"

#include "grain/server.h"

int bootfs_open(const char *name, struct bootfs_file *file)
{
    struct ipc_msg msg = {.w = {BOOTFS_OPEN}};
    uint32_t words = server_put_string(name);

    if (words == 0)
        return -E_INVAL;
    int error = server_call(SERVER_BOOTFS, IPC_SEND_WORDS(words), &msg, NULL);
    if (error == 0)
        *file = (struct bootfs_file){.number = msg.w[1], .size = msg.w[2]};
    return error;
}

int bootfs_map(uint32_t number, uint32_t first, uint32_t pages, uintptr_t va)
{
    struct ipc_msg msg = {.w = {BOOTFS_PAGES, number, first, pages}};
    int32_t result;

    ipc_set_window(va, pages);
    int error = server_call(SERVER_BOOTFS, IPC_WINDOW, &msg, &result);
    if (error < 0)
        return error;
    if (!ipc_has_extra(result))
        return -E_UNSPECIFIED;
    return (int)utcb()->got_pages;
}

int bootfs_list(uint32_t index, struct bootfs_file *file, char name[SERVER_STRING_MAX])
{
    struct ipc_msg msg = {.w = {BOOTFS_LIST, index}};
    int error = server_call(SERVER_BOOTFS, 0, &msg, NULL);

    if (error < 0)
        return error;
    server_get_string(name, SERVER_STRING_MAX);
    *file = (struct bootfs_file){.number = msg.w[1], .size = msg.w[2]};
    return 0;
}
