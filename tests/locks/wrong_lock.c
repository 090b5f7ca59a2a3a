/* refused: calling function 'env_pend_locked' requires holding lock 'e->lock' */
#include "kernel/env.h"

void pend(struct env *e, struct env *other);

/* For a field the analysis is content with the lock of any env; for a call it is not. */
void pend(struct env *e, struct env *other)
{
    env_lock(other);
    env_pend_locked(e, PENDING_STOP);
    env_unlock(other);
}
