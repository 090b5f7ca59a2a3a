/* What lockstat knows: two readings of the counters, and what lies between them. */
#ifndef GRAIN_APPS_LOCKSTAT_STATS_H
#define GRAIN_APPS_LOCKSTAT_STATS_H

#include <stdint.h>

#include "grain/lockstat.h"

#define STATS_SITES 256
#define ALL_CPUS    UINT32_MAX
#define ALL_SLOTS   UINT32_MAX

struct reading {
    uint64_t at; /* TSC */
    struct lockstat_cpu cpu[SYSINFO_CPUS];
};

void stats_take(struct reading *out);

/* Between two readings, on one CPU or all. */
struct slot_growth {
    uint32_t acquisitions, contended, handovers;
    uint32_t longest_run; /* since boot */
    uint64_t spins, wait_ticks, hold_ticks;
    uint32_t wait[LOCKSTAT_BUCKETS], hold[LOCKSTAT_BUCKETS];
};
void stats_slot(const struct reading *before, const struct reading *now, uint32_t cpu,
                uint32_t slot, struct slot_growth *out);

struct site_growth {
    const char *name;
    uint32_t address, slot, acquisitions, contended;
    uint64_t wait_ticks, hold_ticks;
};
/* Of all CPUs; of one class or ALL_SLOTS; without those where nothing happened. Those that waited
 * longest come first, then those that came most often. Returns how many. */
uint32_t stats_sites(const struct reading *before, const struct reading *now, uint32_t slot,
                     struct site_growth out[STATS_SITES]);
/* Acquisitions that no site could be kept for. */
uint32_t stats_sites_lost(const struct reading *before, const struct reading *now);

/* Ways through the kernel of one kind, all CPUs. */
struct section_growth {
    uint32_t count;
    uint32_t longest; /* TSC ticks, since boot */
};
struct section_growth stats_section(const struct reading *before, const struct reading *now,
                                    uint32_t kind);
/* A system call's name, or "(interrupt)", "(exception)"; NULL: there is no such kind. */
const char *stats_section_name(uint32_t kind);

/* Slot of a class by its name; ALL_SLOTS: there is none. */
uint32_t stats_find_slot(const char *name);

/* Upper end of the bucket that the given part of the counts lies in or below; ticks. 0: no counts. */
uint64_t stats_quantile(const uint32_t counts[LOCKSTAT_BUCKETS], uint32_t permille);

uint64_t stats_ns(uint64_t ticks);

#endif
