/* The console's client side, see grain/console.h. */
#include "grain/console.h"

#include <string.h>

#include "grain/server.h"

static uint32_t words_for(uint32_t bytes)
{
    return (bytes + sizeof(uint32_t) - 1) / sizeof(uint32_t);
}

int console_write(const char *text, size_t len)
{
    while (len != 0) {
        uint32_t step = len < CONSOLE_BYTES_MAX ? (uint32_t)len : CONSOLE_BYTES_MAX;
        struct ipc_msg msg = {.w = {CONSOLE_WRITE, step}};

        memcpy(utcb()->words, text, step);
        int error = server_call(SERVER_CONSOLE, IPC_SEND_WORDS(words_for(step)), &msg, NULL);
        if (error < 0)
            return error;
        text += step;
        len -= step;
    }
    return 0;
}

int console_read(char *text, size_t most, uint32_t wait_ms)
{
    uint32_t bytes = most < CONSOLE_BYTES_MAX ? (uint32_t)most : CONSOLE_BYTES_MAX;
    struct ipc_msg msg = {.w = {CONSOLE_READ, bytes, wait_ms}};
    int32_t result;
    int error = server_call(SERVER_CONSOLE, 0, &msg, &result);

    if (error < 0)
        return error;
    if (msg.w[1] > bytes || (msg.w[1] != 0 && !ipc_has_extra(result)))
        return -E_UNSPECIFIED;
    memcpy(text, utcb()->words, msg.w[1]);
    return (int)msg.w[1];
}

int console_set_mode(enum console_mode mode)
{
    struct ipc_msg msg = {.w = {CONSOLE_SET_MODE, mode}};
    int error = server_call(SERVER_CONSOLE, 0, &msg, NULL);

    return error < 0 ? error : (int)msg.w[1];
}

int console_set_foreground(uint32_t pid)
{
    struct ipc_msg msg = {.w = {CONSOLE_SET_FOREGROUND, pid}};

    return server_call(SERVER_CONSOLE, 0, &msg, NULL);
}
