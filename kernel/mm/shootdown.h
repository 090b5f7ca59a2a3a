/* TLB shootdown: after an entry went or lost rights, no CPU may use the old one.
 *
 * The initiator changes the tables, then asks each CPU that has the space loaded, and waits for all
 * of them; it may hold locks, because CPUs that wait for a lock answer (lock_relax). A CPU answers
 * from its interrupt handler, or from any wait in the kernel.
 */
#ifndef GRAIN_MM_SHOOTDOWN_H
#define GRAIN_MM_SHOOTDOWN_H

#include <stdint.h>

struct aspace;

/* `pages` pages from `va` on changed; more than one, or 0, flushes the whole space. */
void shootdown(struct aspace *as, uint32_t va, uint32_t pages);

/* The interrupt handler, and waiting loops. */
void shootdown_answer(void);

#endif
