/* refused: acquiring lock 'e->lock' that is already held */
#include "kernel/env.h"

void twice(struct env *e);

void twice(struct env *e)
{
    env_lock(e);
    env_lock(e);
    env_unlock(e);
}
