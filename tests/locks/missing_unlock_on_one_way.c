/* refused: 'e->lock' is not held on every path */
#include "kernel/env.h"

void forget(struct env *e, bool really);

void forget(struct env *e, bool really)
{
    env_lock(e);
    if (really)
        return;
    env_unlock(e);
}
