/* The clock: the time-stamp counter, measured once against the PIT.
 *
 * tsc_calibrate runs on the BSP, after lapic_enable_this_cpu (it measures the LAPIC timer too) and
 * before anything that waits. Conversions are multiplications; they are exact to about 1 in 10^6.
 * arch_time_us and arch_delay_us (kernel/arch.h) are implemented here.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_TSC_H
#define GRAIN_KERNEL_ARCH_X86_TSC_H

#include <stdint.h>

extern uint32_t tsc_khz;   /* ticks a millisecond; 0 until calibrated, immutable then */
extern uint64_t tsc_start; /* the counter when time 0 was */

/* It may be read before instructions in front of it have ended (SDM 2B); who times something that
 * short orders it himself. */
static inline uint64_t rdtsc(void)
{
    uint64_t value;
    __asm__ volatile("rdtsc" : "=A"(value));
    return value;
}

void tsc_calibrate(void);

/* Ticks in so many microseconds; UINT64_MAX if that does not fit. */
uint64_t tsc_from_us(uint64_t us);
/* Microseconds in so many ticks, rounded down. */
uint64_t tsc_to_us(uint64_t ticks);

#endif
