/* Copy-on-write, in the env's own hands; see cow.h. */
#include "libuser/jos/cow.h"

#include "libuser/jos/kernel.h"

void jos_cow_fault(struct UTrapframe *utf)
{
    uintptr_t va = ROUNDDOWN(utf->utf_fault_va, PGSIZE);
    int perm = va < UTOP ? jos_cow_page_perm(va) : 0;
    int r;

    if (!(utf->utf_err & FEC_WR) || !(perm & PTE_COW))
        panic("page fault at va %08x ip %08x err %x", utf->utf_fault_va, utf->utf_eip,
              utf->utf_err);
    r = grain_page_renew(va, (perm & ~PTE_COW) | PTE_W);
    if (r < 0)
        panic("copy-on-write: %e", r);
}

int jos_cow_page_perm(uintptr_t va)
{
    if (!(uvpd[PDX(va)] & PTE_P) || !(uvpt[PGNUM(va)] & PTE_P))
        return 0;
    return (int)uvpt[PGNUM(va)] & PTE_SYSCALL;
}

/* The low half of an entry, where all but the no-execute bit stands that matters. */
static uint32_t low_half(const volatile pte_t *entry)
{
    return *(const volatile uint32_t *)entry;
}

/* The runs of [va, end), which is within one page table, and that is there. */
static int for_runs_of_table(uintptr_t va, uintptr_t end, envid_t child, jos_cow_run_fn *fn)
{
    const volatile pte_t *entry = &uvpt[PGNUM(va)];
    const volatile pte_t *last = entry + PGNUM(end - va);
    int r = 0;

    while (entry < last && r == 0) {
        const volatile pte_t *first = entry;
        uint32_t perm = low_half(entry++) & PTE_SYSCALL;

        if (!(perm & PTE_P))
            continue;
        while (entry < last && (low_half(entry) & PTE_SYSCALL) == perm)
            entry++;
        r = fn(child, (uintptr_t)(first - uvpt) * PGSIZE, (uint32_t)(entry - first), (int)perm);
    }
    return r;
}

int jos_cow_for_runs(uintptr_t va, uintptr_t end, envid_t child, jos_cow_run_fn *fn)
{
    uintptr_t next;
    int r = 0;

    for (; va < end && r == 0; va = next) {
        next = MIN((va | (PTSIZE - 1)) + 1, end);
        if (low_half(&uvpd[PDX(va)]) & PTE_P)
            r = for_runs_of_table(va, next, child, fn);
    }
    return r;
}

/* The child first: were the parent's made copy-on-write before, a write by the parent in between (to its
 * stack, say) would give it a page of its own again, writable, and the child be given that. */
int jos_cow_copy_run(envid_t child, uintptr_t va, uint32_t pages, int perm)
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

int jos_cow_start_child(envid_t child)
{
    int r = sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);

    if (r == 0)
        r = sys_env_set_pgfault_upcall(child, (void *)_pgfault_upcall);
    if (r == 0)
        r = sys_env_set_status(child, ENV_RUNNABLE);
    return r;
}
