/* Reading the kernel's lock statistics, see grain/lockstat.h. */
#include "grain/lockstat.h"

#include <string.h>

#define TRIES \
    10000 /* a CPU cannot write so often in a row, unless it is an emulator's that stands still */

static const struct lockstat_cpu *window(uint32_t cpu)
{
    return (const struct lockstat_cpu *)(LOCKSTAT_WINDOW +
                                         (1 + cpu * LOCKSTAT_CPU_PAGES) * PAGE_SIZE);
}

void lockstat_read(uint32_t cpu, struct lockstat_cpu *copy)
{
    const volatile uint32_t *seq = &window(cpu)->seq;

    for (int i = 0; i < TRIES; i++) {
        uint32_t before = *seq;

        __asm__ volatile("" : : : "memory");
        memcpy(copy, window(cpu), sizeof(*copy));
        __asm__ volatile("" : : : "memory");
        if (before % 2 == 0 && *seq == before)
            return;
    }
}

uint32_t lockstat_acquisitions(uint32_t slot)
{
    uint32_t sum = 0;

    for (uint32_t cpu = 0; cpu < lockstat()->ncpus; cpu++)
        sum += *(const volatile uint32_t *)&window(cpu)->slot[slot].acquisitions;
    return sum;
}
