/* The servers that init starts from the boot image: what each is told, and what it may do.
 *
 * Two envs of init use this, not at the same time for one service: the first env starts them all, the
 * watcher starts one again. `id` is written by these and read by both.
 */
#ifndef INIT_SERVICE_H
#define INIT_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/server.h"

#define SERVICES 4u

struct service {
    const char *name; /* in the boot image */
    enum server server;
    bool restarts; /* can be started again when it has died */
    uint64_t syscalls;
    uint32_t irqs;
    struct env_port_range ports[ENV_PORT_LIST];
    bool sends;      /* to whom it likes; else it may only reply */
    uint32_t frames; /* quota, 0: no limit; the archive's pages are added for bootfs */
    envid_t id;      /* 0: not running */
    uint32_t deaths; /* so far */
};

extern struct service services[SERVICES];

struct service *service_find(enum server server);

/* Starts it, under the control of env `controller`, which is notified of service_bit() when it ends.
 * Says in one line what is wrong, if anything, and returns false. */
bool service_start(struct service *service, envid_t controller);

/* Waits until it answers: then it has made itself at home. False: it has died. */
bool service_wait(const struct service *service);

uint32_t service_bit(const struct service *service);

/* The ids as processes are told them, and now. */
struct process_start service_ids(envid_t watcher);

/* Tells pager and proc of all the others, to be called by the env that they know as init. */
bool service_set_up(envid_t watcher);

#endif
