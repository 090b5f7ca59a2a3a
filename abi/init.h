/* init: where the servers are now. bootfs and console are started again when they die, under a new
 * id; who finds one gone (E_BAD_ENV, E_DEAD) asks here, and repeats his call. */
#ifndef GRAIN_ABI_INIT_H
#define GRAIN_ABI_INIT_H

#include "abi/server.h"

enum init_op {
    /* w1 = enum server -> w1 = its id now. E_INVAL: no such server */
    INIT_SERVER = SERVER_OP(SERVER_INIT, 1),
    /* -> w1 = microseconds from the kernel's start to that of the first process */
    INIT_BOOT_TIME,
    /* w1 = enum server: ends it, to see what happens then. E_PERM: only under the boot word init.test */
    INIT_KILL,
};

#endif
