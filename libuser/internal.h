/* What the library's files share and programs do not see. */
#ifndef LIBUSER_INTERNAL_H
#define LIBUSER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "grain/layout.h"
#include "grain/syscall.h"
#include "grain/utcb.h"

int main(int argc, char **argv, char **envp);

/* The calling env's own SCRATCH_PAGES pages of address space. Who maps something there unmaps it
 * before it returns. */
static inline uintptr_t scratch_area(void)
{
    return SCRATCH_AREA + utcb_slot() * SCRATCH_PAGES * PAGE_SIZE;
}

/* Cannot fail: the range is good. */
static inline void scratch_unmap(void)
{
    (void)page_unmap(0, scratch_area(), SCRATCH_PAGES);
}

/* Whether there has ever been a thread but the first. */
extern bool threads_made;

/* In a forked child: it has none of its parent's threads, and may use their stack slots again, all
 * but the one that it runs on. */
void threads_forget(void);

/* Whether proc knows of us: it starts and ends our threads then, and the pager has our memory. */
bool process_is_managed(void);

/* A fault's name, by its vector. */
const char *fault_name(uint32_t vector);

/* Keep others out of the heap, so that it is whole in a child; there, malloc_renew() opens it. */
void malloc_lock(void);
void malloc_unlock(void);
void malloc_renew(void);

#endif
