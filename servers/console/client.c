/* Clients as the public records show them, see client.h. */
#include "servers/console/client.h"

#include "grain/windows.h"

bool client_is_alive(envid_t client)
{
    const struct env_public *record = env_record(client);

    return record->id == client && record->status != ENV_FREE && record->status != ENV_DYING &&
           record->status != ENV_DEAD;
}
