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

/* Takes out the last one whose turn it is not. Returns it; 0: there is none. */
static envid_t make_room(void)
{
    for (uint32_t i = count; i-- > 0;) {
        envid_t client = readers[i].client;

        if (!readers[i].may) {
            remove_at(i);
            return client;
        }
    }
    return 0;
}

bool readers_add(const struct reader *reader, envid_t *displaced)
{
    drop_dead();
    readers_remove(reader->client);
    *displaced = count == READERS_MAX && reader->may ? make_room() : 0;
    if (count == READERS_MAX)
        return false;
    readers[count++] = *reader;
    return true;
}

const struct reader *readers_first(void)
{
    drop_dead();
    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].may)
            return &readers[i];
    }
    return NULL;
}

bool readers_has(envid_t client)
{
    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].client == client)
            return true;
    }
    return false;
}

void readers_remove(envid_t client)
{
    for (uint32_t i = count; i-- > 0;) {
        if (readers[i].client == client)
            remove_at(i);
    }
}

void readers_judge(bool (*may)(envid_t client))
{
    drop_dead();
    for (uint32_t i = 0; i < count; i++)
        readers[i].may = may(readers[i].client);
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
