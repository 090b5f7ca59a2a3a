/* Address spaces: mapping pages and page tables, within the quota; see aspace.h. */
#include "abi/errors.h"
#include "abi/perm.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/mm/walk.h"
#include "kernel/panic.h"

/* How many frames the range would add to the charge: pages not mapped yet, and tables. */
static uint32_t aspace_cost_locked(struct aspace *as, uint32_t va, uint32_t pages)
    REQUIRES(&as->lock)
{
    uint32_t cost = 0;
    uint32_t last_table = UINT32_MAX;
    pte_t *pte = NULL;

    for (uint32_t i = 0; i < pages; i++, va += PAGE_SIZE) {
        pte = aspace_next_pte_locked(as, va, pte);
        if (pte == NULL && va >> LARGE_SHIFT != last_table) {
            last_table = va >> LARGE_SHIFT;
            cost++;
        }
        if (pte == NULL || !(*pte & PTE_P))
            cost++;
    }
    return cost;
}

int aspace_tables_locked(struct aspace *as, uint32_t va, uint32_t pages)
{
    uint32_t end = va + (pages - 1) * PAGE_SIZE;
    struct gone gone;

    gone_init(&gone);
    if (aspace_cost_locked(as, va, pages) > as->quota - as->frames)
        return -E_QUOTA;
    for (uint32_t slot = va >> LARGE_SHIFT; slot <= end >> LARGE_SHIFT; slot++) {
        pte_t *directory = directory_slot(as, slot << LARGE_SHIFT);
        uint32_t pfn;

        if (*directory & PTE_P)
            continue;
        pfn = frame_alloc_zeroed(FRAME_LOW);
        if (pfn == FRAME_NONE) {
            for (slot = va >> LARGE_SHIFT; slot <= end >> LARGE_SHIFT; slot++)
                aspace_trim_locked(as, slot << LARGE_SHIFT, &gone);
            /* Other CPUs may have walked the tables that go. */
            if (gone.tables != 0)
                shootdown(as, va, SHOOTDOWN_TABLES);
            gone_free(&gone);
            return -E_NO_MEM;
        }
        as->frames++;
        as->tables[slot / 32] |= 1u << slot % 32;
        pte_set(directory, pte_of_pfn(pfn) | PTE_P | PTE_W | PTE_U);
    }
    return 0;
}

/* The entry of va's page if the whole range is in one table, which is there: the common case. Else NULL. */
static inline pte_t *aspace_run_locked(struct aspace *as, uint32_t va, uint32_t pages)
    REQUIRES(&as->lock)
{
    if (unlikely((va ^ (va + (pages - 1) * PAGE_SIZE)) >> LARGE_SHIFT != 0))
        return NULL;
    return aspace_pte_locked(as, va);
}

/* Within one table: maps frames whose references the caller owns over whatever is there. What was there is
 * added to gone[]; returns how many that were. */
static inline uint32_t replace_run_locked(struct aspace *as, pte_t *pte, uint32_t pages, pte_t bits,
                                          const uint32_t *pfns, uint32_t *gone) REQUIRES(&as->lock)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pages; i++) {
        pte_t old = pte[i];
        pte_t entry = pte_of_pfn(pfns[i]) | bits;

        if (old & PTE_P) {
            gone[count++] = PTE_PFN(old);
            pte_set_present(&pte[i], entry);
        } else {
            pte_set_absent(&pte[i], entry);
        }
    }
    if (count != pages) {
        table_frame(pte)->link += pages - count;
        as->frames += pages - count;
    }
    return count;
}

/* The same in all tables of the range, which are there. */
static NOINLINE uint32_t aspace_replace_locked(struct aspace *as, uint32_t va, uint32_t pages,
                                               pte_t bits, const uint32_t *pfns, uint32_t *gone)
    REQUIRES(&as->lock)
{
    uint32_t count = 0;
    uint32_t run;

    for (; pages > 0; pages -= run, va += run * PAGE_SIZE, pfns += run) {
        run = pages_in_table(va, pages);
        count += replace_run_locked(as, aspace_pte_locked(as, va), run, bits, pfns, gone + count);
    }
    return count;
}

int aspace_alloc_pages(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm)
{
    uint32_t pfns[ASPACE_ALLOC_STEP] = {FRAME_NONE};
    int error;

    ASSERT(pages <= ASPACE_ALLOC_STEP);
    for (uint32_t i = 0; i < pages; i++) {
        pfns[i] = frame_alloc_zeroed(FRAME_HIGH);
        if (pfns[i] == FRAME_NONE) {
            frames_unref(pfns, i);
            return -E_NO_MEM;
        }
    }
    error = aspace_insert(as, va, pages, perm, pfns);
    if (error != 0)
        frames_unref(pfns, pages);
    return error;
}

/* Within one table: how many were pinned before one that may not be. */
static inline uint32_t pin_run(const pte_t *pte, uint32_t pages, uint32_t perm, uint32_t *pins)
{
    uint32_t need = (uint32_t)(perm & PERM_W ? PTE_P | PTE_W : PTE_P);
    uint32_t i = 0;

    for (; i < pages; i++) {
        uint32_t low = pte_low(&pte[i]);

        if (likely((~low & need) == 0)) {
            pins[i] = PTE_PFN(pte[i]);
            frame_ref(pins[i]);
        } else if (!(low & PTE_P) && perm & PERM_HOLES) {
            pins[i] = FRAME_NONE;
        } else {
            break;
        }
    }
    return i;
}

/* The same where no table is. */
static NOINLINE uint32_t pin_nothing(uint32_t pages, uint32_t perm, uint32_t *pins)
{
    if (!(perm & PERM_HOLES))
        return 0;
    for (uint32_t i = 0; i < pages; i++)
        pins[i] = FRAME_NONE;
    return pages;
}

/* The same in all tables of the range. */
static NOINLINE uint32_t aspace_pin_locked(struct aspace *as, uint32_t va, uint32_t pages,
                                           uint32_t perm, uint32_t *pins) REQUIRES(&as->lock)
{
    uint32_t done = 0;

    while (done < pages) {
        const pte_t *pte = aspace_pte_locked(as, va + done * PAGE_SIZE);
        uint32_t run = pages_in_table(va + done * PAGE_SIZE, pages - done);
        uint32_t pinned = pte != NULL ? pin_run(pte, run, perm, pins + done)
                                      : pin_nothing(run, perm, pins + done);

        done += pinned;
        if (pinned != run)
            break;
    }
    return done;
}

int aspace_pin(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, uint32_t *pins)
{
    const pte_t *pte;
    uint32_t done;

    lock_acquire(LOCK_ASPACE, &as->lock);
    pte = aspace_run_locked(as, va, pages);
    done = likely(pte != NULL) ? pin_run(pte, pages, perm, pins)
                               : aspace_pin_locked(as, va, pages, perm, pins);
    if (unlikely(done != pages))
        aspace_unpin(pins, done); /* all are mapped still: none is the last */
    lock_release(LOCK_ASPACE, &as->lock);
    return done == pages ? 0 : -E_INVAL;
}

void aspace_unpin(const uint32_t *pins, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        if (pins[i] != FRAME_NONE)
            frame_unref(pins[i]);
    }
}

int aspace_insert(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                  const uint32_t *pins)
{
    uint32_t gone[ASPACE_STEP];
    uint32_t count = 0;
    pte_t bits = pte_of_perm(perm);
    int error = 0;
    pte_t *pte;

    ASSERT(pages <= ASPACE_STEP);
    lock_acquire(LOCK_ASPACE, &as->lock);
    pte = aspace_run_locked(as, va, pages);
    if (likely(pte != NULL && pages <= as->quota - as->frames)) {
        count = replace_run_locked(as, pte, pages, bits, pins, gone);
    } else {
        error = aspace_tables_locked(as, va, pages);
        if (error == 0)
            count = aspace_replace_locked(as, va, pages, bits, pins, gone);
    }
    if (count != 0)
        shootdown(as, va, pages);
    lock_release(LOCK_ASPACE, &as->lock);
    frames_unref(gone, count);
    return error;
}
