/* What fork and sfork share. */
#ifndef LIBUSER_JOS_COW_H
#define LIBUSER_JOS_COW_H

#include <inc/lib.h>

/* The handler: copies the page that was written if it is PTE_COW; panics else. */
void jos_cow_fault(struct UTrapframe *utf);

/* The page's bits of PTE_SYSCALL; 0: not mapped. */
int jos_cow_page_perm(uintptr_t va);

typedef int jos_cow_run_fn(envid_t child, uintptr_t va, uint32_t pages, int perm);

/* For the mapped pages of [va, end): fn with each run of pages of the same permissions, until one returns an
 * error, which is returned. */
int jos_cow_for_runs(uintptr_t va, uintptr_t end, envid_t child, jos_cow_run_fn *fn);

/* Such a run becomes copy-on-write in both where it is writable, else it is shared as it is. */
int jos_cow_copy_run(envid_t child, uintptr_t va, uint32_t pages, int perm);

/* The last steps: the child's exception stack and upcall, and off it goes. */
int jos_cow_start_child(envid_t child);

#endif
