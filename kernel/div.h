/* Division of 64 by 32 bits without the compiler's library routine, which divides 64 by 64. */
#ifndef GRAIN_KERNEL_DIV_H
#define GRAIN_KERNEL_DIV_H

#include <stdint.h>

/* Divides *value in place and returns the remainder. divisor is not 0. */
static inline uint32_t div_u64_u32(uint64_t *value, uint32_t divisor)
{
#ifdef __i386__
    uint32_t high = (uint32_t)(*value >> 32);
    uint32_t low = (uint32_t)*value;
    uint32_t remainder = high % divisor;

    /* The second quotient fits 32 bits because the remainder above it is below the divisor. */
    high /= divisor;
    __asm__("divl %2" : "+a"(low), "+d"(remainder) : "rm"(divisor) : "cc");
    *value = (uint64_t)high << 32 | low;
    return remainder;
#else
    uint32_t remainder = (uint32_t)(*value % divisor);
    *value /= divisor;
    return remainder;
#endif
}

#endif
