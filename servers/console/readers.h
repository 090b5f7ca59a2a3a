/* Clients that wait for input, first come, first served among those whose turn it is: those of the foreground.
 * A reader that has died is dropped, whoever waited with it. No system call in here. */
#ifndef CONSOLE_READERS_H
#define CONSOLE_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"

#define READER_NO_DEADLINE UINT64_MAX

struct reader {
    envid_t client;
    uint32_t most;     /* bytes it takes */
    bool may;          /* it is its turn */
    uint64_t deadline; /* microseconds since boot */
};

/* At the end of the queue; a client that is in it already has given up what it waited for, and is
 * replaced. Where the queue is full, one whose turn it is takes the place of the last one whose turn it is not: that is
 * *displaced, to be told, else 0. Returns false: the queue is full. */
bool readers_add(const struct reader *reader, envid_t *displaced);

/* The first that is alive and may; NULL: nobody waits. It is there until the queue is asked again: that drops who has
 * died since. */
const struct reader *readers_first(void);

/* Whether that client waits. */
bool readers_has(envid_t client);

/* Takes that client out. */
void readers_remove(envid_t client);

/* The foreground has changed: asks anew who may. */
void readers_judge(bool (*may)(envid_t client));

/* One whose time is over, taken out into *reader. Returns false: there is none. */
bool readers_take_expired(uint64_t now, struct reader *reader);

/* The earliest deadline of all. */
uint64_t readers_deadline(void);

#endif
