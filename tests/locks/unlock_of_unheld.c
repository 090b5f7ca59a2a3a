/* refused: releasing lock 'e->lock' that was not held */
#include "kernel/env.h"

void unlock(struct env *e);

void unlock(struct env *e)
{
    env_unlock(e);
}
