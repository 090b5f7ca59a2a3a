/* refused: reading variable 'notified' requires holding */
#include "kernel/env.h"

uint32_t peek(const struct env *e);

uint32_t peek(const struct env *e)
{
    return e->notified;
}
