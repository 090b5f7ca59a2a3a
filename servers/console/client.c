/* Clients as the public records show them, and answers to them, see client.h. */
#include "servers/console/client.h"

#include <string.h>

#include "grain/ipc.h"
#include "grain/time.h"
#include "grain/windows.h"

bool client_is_alive(envid_t client)
{
    const struct env_public *record = env_record(client);

    return record->id == client && record->status != ENV_FREE && record->status != ENV_DYING &&
           record->status != ENV_DEAD;
}

bool client_answer(envid_t client, int32_t status, const char *text, uint32_t len)
{
    struct ipc_msg msg = {.w = {(uint32_t)status, len}};
    uint32_t words = (len + sizeof(uint32_t) - 1) / sizeof(uint32_t);

    if (words != 0) /* behind the text there is what another client has sent */
        utcb()->words[words - 1] = 0;
    memcpy(utcb()->words, text, len);
    return ipc(IPC_SEND | IPC_REPLY | IPC_SEND_WORDS(words), client, &msg) == 0;
}

uint64_t client_now_us(void)
{
    return time_us();
}
