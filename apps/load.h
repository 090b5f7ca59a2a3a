/* How busy CPUs are, from the idle times that they publish (struct sysinfo_cpu). All times are
 * microseconds modulo 2^32: two readings are to be less than an hour apart. */
#ifndef GRAIN_APPS_LOAD_H
#define GRAIN_APPS_LOAD_H

#include <stdint.h>

#include "abi/sysinfo.h"

struct load_reading {
    uint32_t at;   /* since boot */
    uint32_t idle; /* of this */
};

/* A CPU's idle time at the moment `now`, the halt that it may be in included. */
struct load_reading load_read(const struct sysinfo_cpu *cpu, uint32_t now);

/* The share of the time between two readings that was not idle, in tenths of a percent. */
uint32_t load_permille(struct load_reading before, struct load_reading after);

/* `part` of `whole` in tenths of a percent, 1000 at most; 0 of nothing. */
uint32_t permille(uint32_t part, uint32_t whole);

/* A bar of `width` characters in text (which has room for them and the 0), as full as that. */
void load_bar(char *text, uint32_t width, uint32_t permille_full);

#endif
