/* What the console asks about its clients. */
#ifndef CONSOLE_CLIENT_H
#define CONSOLE_CLIENT_H

#include <stdbool.h>

#include "grain/windows.h"

/* Whether that env has not ended, nor is about to. */
static inline bool client_is_alive(envid_t client)
{
    const struct env_public *record = env_record(client);

    return record->id == client && record->status != ENV_FREE && record->status != ENV_DYING &&
           record->status != ENV_DEAD;
}

#endif
