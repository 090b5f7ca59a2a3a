/* refused: writing variable 'notified' requires holding */
#include "kernel/env.h"

void poke(struct env *e);

void poke(struct env *e)
{
    e->notified = 1;
}
