/* refused: calling function 'env_pend_locked' requires holding lock 'e->lock' */
#include "kernel/env.h"

void pend(struct env *e);

void pend(struct env *e)
{
    env_pend_locked(e, PENDING_STOP);
}
