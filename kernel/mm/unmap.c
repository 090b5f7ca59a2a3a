/* Address spaces: unmapping and changing rights, what other CPUs' TLBs must hear of; see aspace.h. */
#include "abi/errors.h"
#include "abi/perm.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/mm/walk.h"
#include "kernel/panic.h"

void aspace_trim_locked(struct aspace *as, uint32_t va, struct gone *gone)
{
    uint32_t slot = va >> LARGE_SHIFT;
    pte_t *directory = directory_slot(as, va);
    uint32_t pfn = PTE_PFN(*directory);

    if (!(*directory & PTE_P) || frame_table[pfn].link != 0)
        return;
    pte_clear(directory);
    as->tables[slot / 32] &= ~(1u << slot % 32);
    as->frames--;
    gone_add_table(gone, pfn);
}

/* The first 2 MiB stretch at or after `slot` that has a table, or TABLE_SLOTS. */
static uint32_t aspace_next_table_locked(const struct aspace *as, uint32_t slot) REQUIRES(&as->lock)
{
    while (slot < TABLE_SLOTS) {
        uint32_t rest = as->tables[slot / 32] >> slot % 32;

        if (rest != 0)
            return slot + (uint32_t)__builtin_ctz(rest);
        slot = (slot / 32 + 1) * 32;
    }
    return TABLE_SLOTS;
}

/* What a step may still do: pages to unmap, entries without one to look at. */
struct budget {
    uint32_t pages;
    uint32_t entries;
};

#define PTES_AT_ONCE 8u

/* Whether none of PTES_AT_ONCE entries maps anything. */
static bool ptes_are_absent(const pte_t *pte)
{
    pte_t all = pte[0] | pte[1] | pte[2] | pte[3] | pte[4] | pte[5] | pte[6] | pte[7];

    return !(all & PTE_P);
}

/* How many entries in a row map nothing, of so many at most. */
static inline uint32_t absent_run(const pte_t *pte, uint32_t most)
{
    uint32_t i = 0;

    while (i + PTES_AT_ONCE <= most && ptes_are_absent(&pte[i]))
        i += PTES_AT_ONCE;
    while (i < most && !(pte_low(&pte[i]) & PTE_P))
        i++;
    return i;
}

/* Takes away what is mapped in a row, at most so many pages; returns how many. */
static inline uint32_t unmap_run(pte_t *pte, uint32_t most, uint32_t *pfns)
{
    uint32_t i = 0;

    for (; i < most && pte_low(&pte[i]) & PTE_P; i++) {
        pfns[i] = PTE_PFN(pte[i]);
        pte_clear(&pte[i]);
    }
    return i;
}

/* Within one table: from va to `end` or to the table's end, as far as the budget lasts. Returns where
 * it stopped. */
static uint32_t aspace_unmap_table_locked(struct aspace *as, uint32_t va, uint32_t end,
                                          struct gone *gone, struct budget *left)
    REQUIRES(&as->lock)
{
    uint32_t stop = (va | (LARGE_SIZE - 1)) + 1;
    pte_t *pte = aspace_pte_locked(as, va);
    struct frame *table = table_frame(pte);
    uint32_t before = gone->count;
    uint32_t rest;

    if (stop > end)
        stop = end;
    rest = (stop - va) >> PAGE_SHIFT;
    do {
        uint32_t run =
            unmap_run(pte, rest < left->pages ? rest : left->pages, gone->pfn + gone->count);

        table->link -= run;
        gone->count += run;
        left->pages -= run;
        rest -= run;
        if (table->link == 0)
            rest = 0;
        if (rest == 0 || left->pages == 0)
            break;
        pte += run;
        run = absent_run(pte, rest < left->entries ? rest : left->entries);
        left->entries -= run;
        rest -= run;
        pte += run;
    } while (rest != 0 && left->entries != 0);
    as->frames -= gone->count - before;
    return stop - rest * PAGE_SIZE;
}

/* What it takes away is for the caller to free, without the lock. */
static uint32_t aspace_unmap_locked(struct aspace *as, uint32_t va, uint32_t end, struct gone *gone)
    REQUIRES(&as->lock)
{
    bool dying = atomic_load_explicit(&as->dying, memory_order_relaxed);
    struct budget left = {.pages = dying ? ASPACE_STEP : ASPACE_UNMAP_STEP,
                          .entries = 8 * PTES_PER_TABLE};
    uint32_t first = va;

    while (va < end && left.pages > 0 && left.entries > 0) {
        uint32_t slot = aspace_next_table_locked(as, va >> LARGE_SHIFT);

        if (slot << LARGE_SHIFT > va)
            va = slot << LARGE_SHIFT;
        if (va >= end)
            break;
        va = aspace_unmap_table_locked(as, va, end, gone, &left);
        aspace_trim_locked(as, va - 1, gone);
    }
    if (gone->count != 0)
        shootdown(as, first, gone->tables != 0 ? SHOOTDOWN_TABLES : (end - first) >> PAGE_SHIFT);
    return va < end ? va : end;
}

uint32_t aspace_unmap(struct aspace *as, uint32_t va, uint32_t pages)
{
    struct gone gone;
    uint32_t stop;

    gone_init(&gone);
    lock_acquire(LOCK_ASPACE, &as->lock);
    stop = aspace_unmap_locked(as, va, va + pages * PAGE_SIZE, &gone);
    lock_release(LOCK_ASPACE, &as->lock);
    gone_free(&gone);
    return (stop - va) >> PAGE_SHIFT;
}

void aspace_unmap_pinned(struct aspace *as, uint32_t va, uint32_t pages, const uint32_t *pins)
{
    struct gone gone;

    gone_init(&gone);
    lock_acquire(LOCK_ASPACE, &as->lock);
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t at = va + i * PAGE_SIZE;
        pte_t *pte = aspace_pte_locked(as, at);

        if (pte == NULL || !(*pte & PTE_P) || PTE_PFN(*pte) != pins[i])
            continue;
        gone_add(&gone, pins[i]);
        aspace_clear_locked(as, pte);
        aspace_trim_locked(as, at, &gone);
    }
    if (gone.count != 0)
        shootdown(as, va, gone.tables != 0 ? SHOOTDOWN_TABLES : pages);
    lock_release(LOCK_ASPACE, &as->lock);
    gone_free(&gone);
}

/* The right to write is granted only for a frame that is mapped nowhere else: it may have come from somebody
 * who shares it for reading. */
static NOINLINE bool aspace_may_write_locked(struct aspace *as, uint32_t va, uint32_t pages,
                                             bool may_grant) REQUIRES(&as->lock)
{
    pte_t *pte = NULL;

    for (uint32_t i = 0; i < pages; i++) {
        pte = aspace_next_pte_locked(as, va + i * PAGE_SIZE, pte);
        if (pte == NULL || !(*pte & PTE_P) || *pte & PTE_W)
            continue;
        if (!may_grant || frame_refs(PTE_PFN(*pte)) != 1)
            return false;
    }
    return true;
}

static int aspace_may_protect_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                                     bool may_grant) REQUIRES(&as->lock)
{
    pte_t *pte = NULL;

    if (perm & PERM_W && !aspace_may_write_locked(as, va, pages, may_grant))
        return -E_INVAL;
    if (perm & PERM_HOLES)
        return 0;
    for (uint32_t i = 0; i < pages; i++) {
        pte = aspace_next_pte_locked(as, va + i * PAGE_SIZE, pte);
        if (pte == NULL || !(pte_low(pte) & PTE_P))
            return -E_INVAL;
    }
    return 0;
}

/* Within one table. Not 0: something is forbidden now that was not. */
static uint32_t protect_run(pte_t *pte, uint32_t pages, pte_t rights)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < pages; i++) {
        if (pte_low(&pte[i]) & PTE_P)
            taken |= pte_set_rights(&pte[i], rights);
    }
    return taken;
}

/* What is mapped in the range; that it may be done has been seen to. */
static void aspace_protect_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm)
    REQUIRES(&as->lock)
{
    pte_t rights = pte_of_perm(perm);
    uint32_t left = pages;
    uint32_t taken = 0;
    uint32_t run;

    for (uint32_t at = va; left > 0; left -= run, at += run * PAGE_SIZE) {
        pte_t *pte = aspace_pte_locked(as, at);

        run = pages_in_table(at, left);
        if (pte != NULL)
            taken |= protect_run(pte, run, rights);
    }
    if (taken != 0)
        shootdown(as, va, pages);
}

int aspace_protect(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, bool may_grant)
{
    int error;

    lock_acquire(LOCK_ASPACE, &as->lock);
    error = aspace_may_protect_locked(as, va, pages, perm, may_grant);
    if (error == 0)
        aspace_protect_locked(as, va, pages, perm);
    lock_release(LOCK_ASPACE, &as->lock);
    return error;
}

/* A frame with one reference stays so meanwhile: another would be made by way of this entry, under this lock. */
bool aspace_take(struct aspace *as, uint32_t va, uint32_t perm)
{
    const pte_t *pte;
    bool alone;

    lock_acquire(LOCK_ASPACE, &as->lock);
    pte = aspace_pte_locked(as, va);
    alone = pte != NULL && *pte & PTE_P && frame_refs(PTE_PFN(*pte)) == 1;
    if (alone)
        aspace_protect_locked(as, va, 1, perm);
    lock_release(LOCK_ASPACE, &as->lock);
    return alone;
}
