/* Mutual exclusion between the envs of an address space. Who has to wait is blocked, on a notification,
 * and gets the mutex in the order of arrival.
 *
 * Not for an env that is attached to another's mailbox (env_attach): its notifications go there. An env
 * that ends while it holds a mutex leaves it held, and so does one that ends while it waits: its turn comes,
 * and nobody is there. After fork() the child owns what its thread held.
 */
#ifndef GRAIN_MUTEX_H
#define GRAIN_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "grain/compiler.h"

/* The notification bit that wakes a waiter. One may be left over: a program that takes notifications by
 * a receive from anyone ignores it. */
#define NOTIFY_MUTEX 0x08000000u

struct mutex_waiter;

struct mutex {
    uintptr_t word;             /* 0: free; 1: held; else held, and the waiter who came last */
    struct mutex_waiter *first; /* the holder's: those who are next */
};

#define MUTEX_INITIAL          \
    {                          \
        .word = 0, .first = 0, \
    }

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* Takes it if it is free. */
MUST_CHECK bool mutex_try(struct mutex *mutex);

#endif
