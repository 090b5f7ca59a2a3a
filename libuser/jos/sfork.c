/* sfork(): all memory is shared, but the stack, which is copied on write, and the exception stack. */
#include "libuser/jos/cow.h"

#include "libuser/jos/kernel.h"

/* A copy-on-write page, which would part at the first write, is made one's own before it is shared. */
static int share_run(envid_t child, uintptr_t va, uint32_t pages, int perm)
{
    int shared = perm;

    if (perm & PTE_COW) {
        shared = (perm & ~PTE_COW) | PTE_W;
        for (uint32_t i = 0; i < pages; i++) {
            int r = grain_page_renew(va + i * PGSIZE, shared);

            if (r < 0)
                return r;
        }
    }
    return grain_page_map(0, va, child, va, pages, shared);
}

/* The stack's lowest page: what is mapped below USTACKTOP without a gap. */
static uintptr_t stack_bottom(void)
{
    uintptr_t va = USTACKTOP;

    while (jos_cow_page_perm(va - PGSIZE) != 0)
        va -= PGSIZE;
    return va;
}

envid_t sfork(void)
{
    uintptr_t stack;
    envid_t child;
    int r;

    set_pgfault_handler(jos_cow_fault);
    stack = stack_bottom();
    child = sys_exofork();
    if (child <= 0)
        return child;
    r = jos_cow_for_runs(0, stack, child, share_run);
    if (r == 0)
        r = jos_cow_for_runs(stack, USTACKTOP, child, jos_cow_copy_run);
    if (r == 0)
        r = jos_cow_start_child(child);
    if (r == 0)
        return child;
    (void)sys_env_destroy(child);
    return r;
}
