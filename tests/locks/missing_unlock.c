/* refused: 'e->lock' is still held at the end of function */
#include "kernel/env.h"

void forget(struct env *e);

void forget(struct env *e)
{
    env_lock(e);
    e->notified = 0;
}
