/* Other schedules, in kernels of the kind `schedules` (docs/testing.md); elsewhere nothing.
 *
 * A CPU runs some instructions more before it starts, and each time it leaves halt (its phase), and a
 * random number of them around each lock and wherever an env changes hands without one. Both are the
 * boot command line's (phase=, delays=), so on an engine that is exact the same words give the same run.
 */
#ifndef GRAIN_LOCK_DELAYS_H
#define GRAIN_LOCK_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef GRAIN_SCHEDULES

/* Start-up. seed: of the random numbers; 0: only phases. */
void delays_set_seed(uint32_t seed);
/* "N,N,...": the phase of each CPU; those that are not named have 0. False: no such thing. */
bool delays_set_phases(const char *text);
/* All CPUs are on their own page tables. */
void delays_start(void);

/* Before and after a lock is acquired, before and after it is released; after a state or a home is written that
 * others go by, and before it is read. */
void delays_here(void);

/* This CPU starts, or leaves halt. */
void delays_phase(void);

#else

static inline void delays_start(void)
{
}

static inline void delays_here(void)
{
}

static inline void delays_phase(void)
{
}

#endif
#endif
