/* Mutexes, see grain/mutex.h.
 *
 * Waiters push themselves on a list whose head is the lock word, so the last comer is first there; the
 * holder who finds its own list `first` empty takes the whole of it and turns it round. Nobody ever
 * tries again while somebody else is at work.
 */
#include "grain/mutex.h"

#include <stddef.h>

#include "grain/notify.h"
#include "grain/syscall.h"

#define FREE ((uintptr_t)0)
#define HELD ((uintptr_t)1)

/* On the stack of the env that waits. */
struct mutex_waiter {
    struct mutex_waiter *next;
    envid_t env;
    bool granted; /* written by the holder, who does not touch the waiter after that */
};

bool mutex_try(struct mutex *mutex)
{
    uintptr_t expected = FREE;

    return __atomic_compare_exchange_n(&mutex->word, &expected, HELD, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Adds a waiter; or takes the mutex, if it has become free, and returns false. */
static bool enqueue(struct mutex *mutex, struct mutex_waiter *waiter)
{
    uintptr_t word = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED);
    uintptr_t wanted;

    do {
        waiter->next = word == HELD ? NULL : (struct mutex_waiter *)word;
        wanted = word == FREE ? HELD : (uintptr_t)waiter;
        /* Release: the holder who finds the waiter sees its fields. Acquire, if it is taken. */
    } while (!__atomic_compare_exchange_n(&mutex->word, &word, wanted, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return wanted != HELD;
}

void mutex_lock(struct mutex *mutex)
{
    struct mutex_waiter self = {.env = env_self()};

    if (mutex_try(mutex) || !enqueue(mutex, &self))
        return;
    while (!__atomic_load_n(&self.granted, __ATOMIC_ACQUIRE))
        (void)notify_wait(NOTIFY_MUTEX);
}

static struct mutex_waiter *turn_round(struct mutex_waiter *list)
{
    struct mutex_waiter *turned = NULL;

    while (list != NULL) {
        struct mutex_waiter *next = list->next;

        list->next = turned;
        turned = list;
        list = next;
    }
    return turned;
}

void mutex_unlock(struct mutex *mutex)
{
    uintptr_t word = HELD;

    if (mutex->first == NULL) {
        if (__atomic_compare_exchange_n(&mutex->word, &word, FREE, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return;
        word = __atomic_exchange_n(&mutex->word, HELD, __ATOMIC_ACQUIRE);
        mutex->first = turn_round((struct mutex_waiter *)word);
    }
    struct mutex_waiter *next = mutex->first;
    envid_t env = next->env;
    mutex->first = next->next;
    /* Release: what was done under the mutex. From here on the waiter may be gone. */
    __atomic_store_n(&next->granted, true, __ATOMIC_RELEASE);
    (void)notify(env, NOTIFY_MUTEX);
}
