/* What lockstat prints. */
#ifndef GRAIN_APPS_LOCKSTAT_PRINT_H
#define GRAIN_APPS_LOCKSTAT_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/lockstat/stats.h"

struct view {
    uint32_t slot;  /* one class, or ALL_SLOTS */
    uint32_t sites; /* at most so many places */
    bool per_cpu;
    bool histograms;
    const char *line_end; /* "\n", or that and what clears the rest of a screen's line */
};

/* Tables. */
void print_tables(const struct reading *before, const struct reading *now, const struct view *view);

/* One JSON object in one line, with everything but classes that the view leaves out. `command`: its words,
 * NULL at the end; status: what it ended with. */
void print_json(const struct reading *before, const struct reading *now, const struct view *view,
                char *const command[], int status);

#endif
