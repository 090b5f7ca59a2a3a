/* A forked child that one exchanges messages with: fork() gives a pid, a message needs an env. */
#ifndef GRAIN_APPS_PARTNER_H
#define GRAIN_APPS_PARTNER_H

#include <sys/types.h>

#include "abi/env.h"
#include "grain/compiler.h"

struct partner {
    pid_t pid;
    envid_t env;
};

/* As fork(): in the parent it returns the child's pid, and *partner is the child; in the child it
 * returns 0, and *partner is the parent. Until it returns, nobody else may send to the caller: what
 * comes is dropped. A negated error: of fork(), or E_TIMEOUT, the child did not start. */
MUST_CHECK pid_t partner_fork(struct partner *partner);

#endif
