/* The kernel's lock statistics (abi/lockstat.h), for kernels that keep them. */
#ifndef GRAIN_LOCKSTAT_H
#define GRAIN_LOCKSTAT_H

#include <stddef.h>
#include <stdint.h>

#include "abi/lockstat.h"
#include "grain/windows.h"

/* What does not change: mode, names and ranks of the classes. NULL: this kernel keeps none. */
static inline const struct lockstat *lockstat(void)
{
    return sysinfo()->lockstat == LOCKSTAT_OFF ? NULL : (const struct lockstat *)LOCKSTAT_WINDOW;
}

/* The counters of CPU `cpu` (below lockstat()->ncpus) at one moment; a CPU that writes all the time
 * is waited for. Only where lockstat() is not NULL. */
void lockstat_read(uint32_t cpu, struct lockstat_cpu *copy);

/* Acquisitions of a class on all CPUs so far, modulo 2^32: what a bench takes before and after. */
uint32_t lockstat_acquisitions(uint32_t slot);

#endif
