/* Copy-on-write, in the env's own hands; see cow.h. */
#include "libuser/jos/cow.h"

#include "libuser/jos/kernel.h"

void cow_fault(struct UTrapframe *utf)
{
    uintptr_t va = ROUNDDOWN(utf->utf_fault_va, PGSIZE);
    int perm = va < UTOP ? cow_page_perm(va) : 0;
    int r;

    if (!(utf->utf_err & FEC_WR) || !(perm & PTE_COW))
        panic("page fault at va %08x ip %08x err %x", utf->utf_fault_va, utf->utf_eip,
              utf->utf_err);
    r = grain_page_renew(va, (perm & ~PTE_COW) | PTE_W);
    if (r < 0)
        panic("copy-on-write: %e", r);
}

int cow_page_perm(uintptr_t va)
{
    if (!(uvpd[PDX(va)] & PTE_P) || !(uvpt[PGNUM(va)] & PTE_P))
        return 0;
    return (int)uvpt[PGNUM(va)] & PTE_SYSCALL;
}

/* Where the next page is, or might be: tables that are not there are passed over as a whole. */
static uintptr_t next_page(uintptr_t va)
{
    if (PTX(va) == 0 && !(uvpd[PDX(va)] & PTE_P))
        return va + PTSIZE;
    return va + PGSIZE;
}

int cow_for_runs(uintptr_t va, uintptr_t end, envid_t child,
                 int (*fn)(envid_t child, uintptr_t va, uint32_t pages, int perm))
{
    uintptr_t next;
    int r = 0;

    for (; va < end && r == 0; va = next) {
        int perm = cow_page_perm(va);

        next = next_page(va);
        if (perm == 0)
            continue;
        while (next < end && cow_page_perm(next) == perm)
            next += PGSIZE;
        r = fn(child, va, PGNUM(next - va), perm);
    }
    return r;
}

/* The child first: were the parent's made copy-on-write before, a write by the parent in between (to its
 * stack, say) would give it a page of its own again, writable, and the child be given that. */
int cow_copy_run(envid_t child, uintptr_t va, uint32_t pages, int perm)
{
    int copied = (perm & ~PTE_W) | PTE_COW;
    int r;

    if (!(perm & (PTE_W | PTE_COW)))
        return grain_page_map(0, va, child, va, pages, perm);
    r = grain_page_map(0, va, child, va, pages, copied);
    if (r == 0 && perm & PTE_W)
        r = grain_page_protect(va, pages, copied);
    return r;
}

int cow_start_child(envid_t child)
{
    int r = sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);

    if (r == 0)
        r = sys_env_set_pgfault_upcall(child, (void *)_pgfault_upcall);
    if (r == 0)
        r = sys_env_set_status(child, ENV_RUNNABLE);
    return r;
}
