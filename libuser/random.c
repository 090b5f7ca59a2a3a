/* Marsaglia's xorshift32 (Journal of Statistical Software 8, 14: the triple 13, 17, 5). */
#include <stdlib.h>

uint32_t rand_r(uint32_t *state)
{
    uint32_t x = *state == 0 ? 1 : *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

uint32_t rand_below(uint32_t *state, uint32_t limit)
{
    return (uint32_t)((uint64_t)rand_r(state) * limit >> 32);
}
