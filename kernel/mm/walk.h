/* Page tables as the files of address spaces share them: the walk from an address to its entry, entries with
 * what they are charged, and the frames that a change leaves over. For kernel/mm only.
 */
#ifndef GRAIN_MM_WALK_H
#define GRAIN_MM_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/panic.h"

static inline void *frame_kernel(uint32_t pfn)
{
    return phys_to_virt((paddr_t)pfn << PAGE_SHIFT);
}

static inline pte_t *directory_slot(const struct aspace *as, uint32_t va)
{
    pte_t *directory = frame_kernel(as->directory[va >> 30]);

    return &directory[(va >> LARGE_SHIFT) % PTES_PER_TABLE];
}

/* The entry of va's page, or NULL where no page table is. */
static inline pte_t *aspace_pte_locked(struct aspace *as, uint32_t va) REQUIRES(&as->lock)
{
    pte_t directory = *directory_slot(as, va);
    pte_t *table;

    if (!(directory & PTE_P))
        return NULL;
    table = frame_kernel(PTE_PFN(directory));
    return &table[(va >> PAGE_SHIFT) % PTES_PER_TABLE];
}

/* The entry of va's page, when that of the page before is `before` (NULL: not known, or no table). */
static inline pte_t *aspace_next_pte_locked(struct aspace *as, uint32_t va, pte_t *before)
    REQUIRES(&as->lock)
{
    if (before != NULL && (va & (LARGE_SIZE - 1)) != 0)
        return before + 1;
    return aspace_pte_locked(as, va);
}

/* How many of so many pages from va on are in the same table. */
static inline uint32_t pages_in_table(uint32_t va, uint32_t pages)
{
    uint32_t rest = PTES_PER_TABLE - (va >> PAGE_SHIFT) % PTES_PER_TABLE;

    return pages < rest ? pages : rest;
}

static inline struct frame *table_frame(const pte_t *pte)
{
    return &frame_table[virt_to_phys(pte) >> PAGE_SHIFT];
}

static inline void aspace_set_locked(struct aspace *as, pte_t *pte, pte_t entry) REQUIRES(&as->lock)
{
    if (!(*pte & PTE_P)) {
        table_frame(pte)->link++;
        as->frames++;
    }
    pte_set(pte, entry);
}

static inline void aspace_clear_locked(struct aspace *as, pte_t *pte) REQUIRES(&as->lock)
{
    pte_clear(pte);
    table_frame(pte)->link--;
    as->frames--;
}

static inline void frames_unref(const uint32_t *pfns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        frame_unref(pfns[i]);
}

/* What an operation took away: freed after the shootdown. A step takes at most ASPACE_STEP pages and the tables
 * that they were alone in, whose entries are all zero. Only the two counts need to be set at first. */
struct gone {
    uint32_t count;
    uint32_t tables;
    uint32_t pfn[ASPACE_STEP];
    uint32_t table[ASPACE_STEP];
};

static inline void gone_init(struct gone *gone)
{
    gone->count = 0;
    gone->tables = 0;
}

static inline void gone_add(struct gone *gone, uint32_t pfn)
{
    ASSERT(gone->count < ARRAY_SIZE(gone->pfn));
    gone->pfn[gone->count++] = pfn;
}

static inline void gone_add_table(struct gone *gone, uint32_t pfn)
{
    ASSERT(gone->tables < ARRAY_SIZE(gone->table));
    gone->table[gone->tables++] = pfn;
}

static inline void gone_free(const struct gone *gone)
{
    frames_unref(gone->pfn, gone->count);
    for (uint32_t i = 0; i < gone->tables; i++)
        frame_unref_zeroed(gone->table[i]);
}

/* Takes va's page table away if there is one and it holds nothing. */
void aspace_trim_locked(struct aspace *as, uint32_t va, struct gone *gone) REQUIRES(&as->lock);

/* Page tables for the whole range, within the quota. All or nothing. */
int aspace_tables_locked(struct aspace *as, uint32_t va, uint32_t pages) REQUIRES(&as->lock)
    MUST_CHECK;

#endif
