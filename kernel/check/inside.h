/* What the check sees of structures that are private to their files, which define these in test builds.
 * Nobody else runs when they are called. */
#ifndef GRAIN_CHECK_INSIDE_H
#define GRAIN_CHECK_INSIDE_H

#include <stdint.h>

struct env;
struct lock;

#if GRAIN_KTEST
/* kernel/env.c: the first free slot; the rest by free_next. */
const struct env *env_inside_free(const struct lock **lock);

/* kernel/mm/frame.c: the first frame in a zone's global list of a kind, the rest by link; how many there
 * are. How many frames an idle CPU is at. */
uint32_t frame_inside_pool(uint32_t zone, uint32_t kind, uint32_t *count, struct lock **lock);
uint32_t frame_inside_work(void);

/* kernel/irq.c: who has that line, 0: nobody. */
uint32_t irq_inside_owner(uint32_t line, uint32_t *bits, struct lock **lock);
#endif

#endif
