/* What an address space should be: a table of pages beside the real one, and the comparison.
 *
 * Only pages of the model's universe are used: some around each of four places where page tables or
 * directories meet, or user memory ends. A page is known by its index in the universe.
 */
#ifndef GRAIN_TESTS_ASPACE_MODEL_H
#define GRAIN_TESTS_ASPACE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/aspace.h"

#define MODEL_PLACES 4u
#define MODEL_PAGES  48u /* a place */
#define MODEL_ALL    (MODEL_PLACES * MODEL_PAGES)

struct model_page {
    uint32_t pfn; /* 0: not mapped */
    uint32_t perm;
};

struct model {
    struct aspace *as;
    uint32_t quota;
    struct model_page page[MODEL_ALL];
    uint32_t utcbs;      /* message pages */
    bool has_utcb_table; /* stays until teardown */
};

uint32_t model_va(uint32_t index);

/* Pages of the range that are mapped, and what mapping it would add to the charge. */
uint32_t model_mapped(const struct model *m, uint32_t index, uint32_t pages);
uint32_t model_cost(const struct model *m, uint32_t index, uint32_t pages);

/* Frames that the space is to be charged. */
uint32_t model_frames(const struct model *m);

/* The page-table entry of va as a processor finds it, from the CPU's top level down; 0: none. */
uint64_t model_walk(const struct aspace *as, uint32_t cpu, uint32_t va);

/* The real space shows each page of the universe, and is charged, as the model says. Prints the first
 * difference. */
bool model_holds(const struct model *m);

/* Each frame has as many references as the models map it; `extra` more are used in all. */
bool model_counts_hold(const struct model *models, uint32_t count, uint32_t extra);

#endif
