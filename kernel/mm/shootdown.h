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

/* What changed. */
#define SHOOTDOWN_TABLES \
    0u /* page tables went, too: no CPU may even keep the space loaded unflushed */

/* `pages` pages from `va` on changed, or SHOOTDOWN_TABLES; more than one flushes the whole space. A
 * halted CPU is not woken for pages alone: it flushes before it runs user code again. */
void shootdown(struct aspace *as, uint32_t va, uint32_t pages);

/* A CPU that comes out of halt, after its bit in cpu_idle_mask is clear: what it was spared. */
void shootdown_catch_up(void);

/* The interrupt handler, and waiting loops. */
void shootdown_answer(void);

#endif
