/* Clients that wait, see readers.h. */
#include "servers/console/readers.h"

#include <stddef.h>
#include <string.h>

#include "servers/console/client.h"

#define READERS_MAX 64u

static struct reader readers[READERS_MAX];
static uint32_t count;

static void remove_at(uint32_t index)
{
    count--;
    memmove(&readers[index], &readers[index + 1], (count - index) * sizeof(readers[0]));
}

static void drop_dead(void)
{
    for (uint32_t i = count; i-- > 0;) {
        if (!client_is_alive(readers[i].client))
            remove_at(i);
    }
}

bool readers_add(const struct reader *reader)
{
    drop_dead();
    for (uint32_t i = count; i-- > 0;) {
        if (readers[i].client == reader->client)
            remove_at(i);
    }
    if (count == READERS_MAX)
        return false;
    readers[count++] = *reader;
    return true;
}

const struct reader *readers_first(void)
{
    while (count != 0 && !client_is_alive(readers[0].client))
        remove_at(0);
    return count == 0 ? NULL : &readers[0];
}

void readers_remove_first(void)
{
    if (count != 0)
        remove_at(0);
}

bool readers_take_expired(uint64_t now, struct reader *reader)
{
    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].deadline > now)
            continue;
        *reader = readers[i];
        remove_at(i);
        return true;
    }
    return false;
}

uint64_t readers_deadline(void)
{
    uint64_t earliest = READER_NO_DEADLINE;

    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].deadline < earliest)
            earliest = readers[i].deadline;
    }
    return earliest;
}
