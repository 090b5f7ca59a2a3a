/* What the analysis must accept: so that a refusal of the other files here means what it says. */
#include "kernel/env.h"

void good(struct env *e);

static void take_bits_locked(struct env *e) REQUIRES(&e->lock)
{
    e->notified = 0;
}

void good(struct env *e)
{
    env_lock(e);
    take_bits_locked(e);
    e->death_bits = 1;
    env_unlock(e);
}
