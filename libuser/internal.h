/* What the library's files share and programs do not see. */
#ifndef LIBUSER_INTERNAL_H
#define LIBUSER_INTERNAL_H

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

/* In a forked child: it has none of its parent's threads, and may use their stack slots again, all
 * but the one that it runs on. */
void threads_forget(void);

#endif
