/* Time, from the processor's time-stamp counter. The kernel keeps the CPUs' counters together as
 * far as the hardware does. */
#ifndef GRAIN_TIME_H
#define GRAIN_TIME_H

#include <stdint.h>

#include "grain/windows.h"

/* Ticks of the time-stamp counter. */
static inline uint64_t time_ticks(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline uint64_t time_ticks_to_us(uint64_t ticks)
{
    return ticks * 1000 / sysinfo()->tsc_khz;
}

/* Microseconds since the kernel started. */
static inline uint64_t time_us(void)
{
    return time_ticks_to_us(time_ticks() - sysinfo()->boot_tsc);
}

#endif
