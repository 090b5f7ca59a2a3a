/* Faults on purpose, in test builds: no frame when one is asked for, late interrupts between CPUs, timers early and
 * late, CPUs that stand still in the kernel for a while or never start. By the boot word inject= (kernel/cmdline.h)
 * or the system call debug (abi/debug.h). In other builds all of this is nothing.
 */
#ifndef GRAIN_CHECK_INJECT_H
#define GRAIN_CHECK_INJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/debug.h"
#include "kernel/compiler.h"

#if GRAIN_KTEST
/* "KIND:NUMBER", see kernel/cmdline.h. False: it is not. */
bool inject_parse(const char *word);
/* Start-up is over: what was asked for by boot word begins. */
void inject_begin(void);

/* The `from`-th allocation from now on and count - 1 after it fail; from 0: none. Returns how many there have been
 * since the last call. */
uint32_t inject_fail_frames(uint32_t from, uint32_t count);
/* The most that an interrupt, a timer or a stall is off, microseconds, at most DEBUG_DELAY_MAX_US; 0: exact.
 * Returns how often one was since the last call. */
uint32_t inject_set_delay(enum debug_delay kind, uint32_t us);

extern _Atomic uint32_t inject_frames_from; /* 0: no allocation fails */
extern _Atomic uint32_t inject_delays[DEBUG_DELAYS];

bool inject_count_frame(void);
void inject_wait(enum debug_delay kind);
uint64_t inject_shift(uint64_t ticks);

/* Whether this allocation is to fail. */
static inline bool inject_no_frame(void)
{
    return unlikely(atomic_load_explicit(&inject_frames_from, memory_order_relaxed) != 0) &&
           inject_count_frame();
}

static inline void inject_delay(enum debug_delay kind)
{
    if (unlikely(atomic_load_explicit(&inject_delays[kind], memory_order_relaxed) != 0))
        inject_wait(kind);
}

/* Another time for a timer, earlier or later. */
static inline uint64_t inject_timer(uint64_t ticks)
{
    if (likely((atomic_load_explicit(&inject_delays[DEBUG_DELAY_LATE], memory_order_relaxed) |
                atomic_load_explicit(&inject_delays[DEBUG_DELAY_EARLY], memory_order_relaxed)) ==
               0))
        return ticks;
    return inject_shift(ticks);
}

/* The CPU in that place of the firmware's list is not told to start. */
bool inject_skips_cpu(uint32_t place);
#else
static inline void inject_begin(void)
{
}

static inline bool inject_no_frame(void)
{
    return false;
}

static inline void inject_delay(enum debug_delay kind)
{
    (void)kind;
}

static inline uint64_t inject_timer(uint64_t ticks)
{
    return ticks;
}

static inline bool inject_skips_cpu(uint32_t place)
{
    (void)place;
    return false;
}
#endif

#endif
