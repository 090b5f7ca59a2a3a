/* Clients that wait for input, first come, first served. A reader that has died is dropped, whoever waited
 * with it. */
#ifndef CONSOLE_READERS_H
#define CONSOLE_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"

#define READER_NO_DEADLINE UINT64_MAX

struct reader {
    envid_t client;
    uint32_t most;     /* bytes it takes */
    uint64_t deadline; /* microseconds since boot */
};

/* At the end of the queue; a client that is in it already has given up what it waited for, and is
 * replaced. Returns false: the queue is full. */
bool readers_add(const struct reader *reader);

/* The first that is alive; NULL: nobody waits. */
const struct reader *readers_first(void);

/* Takes the first one out. */
void readers_remove_first(void);

/* One whose time is over, taken out into *reader. Returns false: there is none. */
bool readers_take_expired(uint64_t now, struct reader *reader);

/* The earliest deadline of all. */
uint64_t readers_deadline(void);

#endif
