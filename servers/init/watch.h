/* The watcher, an env of init: it controls the servers, starts bootfs and console again when they die, and
 * ends the machine when pager or proc does. It answers the requests of abi/init.h. */
#ifndef INIT_WATCH_H
#define INIT_WATCH_H

#include "abi/env.h"

/* Starts it. Returns its id, or a negated error. */
envid_t watch_start(void);

/* The boot time that it tells those who ask. */
void watch_set_boot_time(uint32_t us);

#endif
