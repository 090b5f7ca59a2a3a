/* Address spaces; see aspace.h. */
#include "kernel/mm/aspace.h"

#include "abi/errors.h"
#include "abi/perm.h"
#include "abi/syscalls.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/cpu.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"
#include "kernel/string.h"

_Atomic uint32_t aspace_count;
static _Atomic uint32_t aspace_next_serial;

static void *frame_kernel(uint32_t pfn)
{
    return phys_to_virt((paddr_t)pfn << PAGE_SHIFT);
}

static pte_t *directory_slot(const struct aspace *as, uint32_t va)
{
    pte_t *directory = frame_kernel(as->directory[va >> 30]);

    return &directory[(va >> LARGE_SHIFT) % PTES_PER_TABLE];
}

/* The entry of va's page, or NULL where no page table is. */
static pte_t *aspace_pte_locked(struct aspace *as, uint32_t va) REQUIRES(&as->lock)
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

static struct frame *table_frame(const pte_t *pte)
{
    return &frame_table[virt_to_phys(pte) >> PAGE_SHIFT];
}

static void aspace_set_locked(struct aspace *as, pte_t *pte, pte_t entry) REQUIRES(&as->lock)
{
    if (!(*pte & PTE_P)) {
        table_frame(pte)->link++;
        as->frames++;
    }
    pte_set(pte, entry);
}

static void aspace_clear_locked(struct aspace *as, pte_t *pte) REQUIRES(&as->lock)
{
    pte_clear(pte);
    table_frame(pte)->link--;
    as->frames--;
}

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

/* Frames that an operation took out of the tables: freed after the shootdown. A step takes at most
 * ASPACE_STEP pages and the tables that they were alone in. Only `count` needs to be set at first. */
struct gone {
    uint32_t count;
    uint32_t pfn[2 * ASPACE_STEP];
};

static void gone_add(struct gone *gone, uint32_t pfn)
{
    ASSERT(gone->count < ARRAY_SIZE(gone->pfn));
    gone->pfn[gone->count++] = pfn;
}

static void frames_unref(const uint32_t *pfns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        frame_unref(pfns[i]);
}

/* Takes va's page table away if there is one and it holds nothing. */
static bool aspace_trim_locked(struct aspace *as, uint32_t va, struct gone *gone)
    REQUIRES(&as->lock)
{
    uint32_t slot = va >> LARGE_SHIFT;
    pte_t *directory = directory_slot(as, va);
    uint32_t pfn = PTE_PFN(*directory);

    if (!(*directory & PTE_P) || frame_table[pfn].link != 0)
        return false;
    pte_clear(directory);
    as->tables[slot / 32] &= ~(1u << slot % 32);
    as->frames--;
    gone_add(gone, pfn);
    return true;
}

/* Page tables for the whole range, within the quota. All or nothing. */
static int aspace_tables_locked(struct aspace *as, uint32_t va, uint32_t pages) REQUIRES(&as->lock)
{
    uint32_t end = va + (pages - 1) * PAGE_SIZE;
    struct gone gone;

    gone.count = 0;
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
                (void)aspace_trim_locked(as, slot << LARGE_SHIFT, &gone);
            /* Other CPUs may have walked the tables that go. */
            if (gone.count != 0)
                shootdown(as, va, SHOOTDOWN_TABLES);
            frames_unref(gone.pfn, gone.count);
            return -E_NO_MEM;
        }
        as->frames++;
        as->tables[slot / 32] |= 1u << slot % 32;
        pte_set(directory, pte_of_pfn(pfn) | PTE_P | PTE_W | PTE_U);
    }
    return 0;
}

/* The common case: the range is in one table, which is there, and the quota is good for all of it. */
static inline bool aspace_has_table_locked(const struct aspace *as, uint32_t va, uint32_t pages)
    REQUIRES(&as->lock)
{
    return ((va ^ (va + (pages - 1) * PAGE_SIZE)) >> LARGE_SHIFT) == 0 &&
           (*directory_slot(as, va) & PTE_P) && pages <= as->quota - as->frames;
}

struct aspace *aspace_create(uint32_t quota)
{
    uint32_t pfn[ASPACE_BASE_FRAMES];
    struct aspace *as;

    for (uint32_t i = 0; i < ASPACE_BASE_FRAMES; i++) {
        pfn[i] = frame_alloc_zeroed(FRAME_LOW);
        if (pfn[i] == FRAME_NONE) {
            frames_unref(pfn, i);
            return NULL;
        }
    }
    as = frame_kernel(pfn[USER_DIRECTORIES]);
    memcpy(as->directory, pfn, sizeof(as->directory));
    paging_init_space(as->pdpt, as->directory);
    lock_init(&as->lock);
    atomic_init(&as->envs, 1);
    lock_acquire(LOCK_ASPACE, &as->lock);
    as->quota = quota < ASPACE_BASE_FRAMES ? ASPACE_BASE_FRAMES : quota;
    as->frames = ASPACE_BASE_FRAMES;
    lock_release(LOCK_ASPACE, &as->lock);
    as->serial = atomic_fetch_add(&aspace_next_serial, 1) + 1;
    atomic_fetch_add(&aspace_count, 1);
    return as;
}

/* The lowest free slot, or UTCB_SLOTS. */
static uint32_t utcb_slot_locked(const struct aspace *as) REQUIRES(&as->lock)
{
    for (uint32_t i = 0; i < UTCB_SLOTS / 32; i++) {
        if (as->utcb_used[i] != UINT32_MAX)
            return i * 32 + (uint32_t)__builtin_ctz(~as->utcb_used[i]);
    }
    return UTCB_SLOTS;
}

static int aspace_utcb_alloc_locked(struct aspace *as, uint32_t *va, void **kernel)
    REQUIRES(&as->lock)
{
    uint32_t slot = utcb_slot_locked(as);
    uint32_t pfn;
    int error;

    if (slot == UTCB_SLOTS)
        return -E_NO_FREE_ENV;
    *va = UTCB_AREA + slot * UTCB_SIZE;
    pfn = frame_alloc_zeroed(FRAME_LOW);
    if (pfn == FRAME_NONE)
        return -E_NO_MEM;
    error = aspace_tables_locked(as, *va, 1);
    if (error != 0) {
        frame_unref(pfn);
        return error;
    }
    as->utcb_used[slot / 32] |= 1u << slot % 32;
    aspace_set_locked(as, aspace_pte_locked(as, *va),
                      pte_of_pfn(pfn) | PTE_P | PTE_W | PTE_U | pte_nx);
    *kernel = frame_kernel(pfn);
    return 0;
}

int aspace_utcb_alloc(struct aspace *as, uint32_t *va, void **kernel)
{
    int error;

    lock_acquire(LOCK_ASPACE, &as->lock);
    error = aspace_utcb_alloc_locked(as, va, kernel);
    lock_release(LOCK_ASPACE, &as->lock);
    return error;
}

void aspace_utcb_free(struct aspace *as, uint32_t va)
{
    uint32_t slot = (va - UTCB_AREA) / UTCB_SIZE;
    uint32_t pfn;
    pte_t *pte;

    lock_acquire(LOCK_ASPACE, &as->lock);
    pte = aspace_pte_locked(as, va);
    pfn = PTE_PFN(*pte);
    aspace_clear_locked(as, pte);
    as->utcb_used[slot / 32] &= ~(1u << slot % 32);
    shootdown(as, va, 1);
    lock_release(LOCK_ASPACE, &as->lock);
    frame_unref(pfn);
}

/* Maps frames whose references the caller owns over whatever is there; what was there is freed
 * after the shootdown. Tables and quota have been seen to. */
static void aspace_replace_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                                  const uint32_t *pfns) REQUIRES(&as->lock)
{
    struct gone gone;
    pte_t bits = pte_of_perm(perm);
    uint32_t left = pages;
    uint32_t run;

    gone.count = 0;
    for (uint32_t at = va; left > 0; left -= run, at += run * PAGE_SIZE) {
        pte_t *pte = aspace_pte_locked(as, at);
        struct frame *table = table_frame(pte);

        run = pages_in_table(at, left);
        for (uint32_t i = 0; i < run; i++) {
            pte_t entry = pte_of_pfn(pfns[i]) | bits;

            if (unlikely(pte_low(&pte[i]) & PTE_P)) {
                gone_add(&gone, PTE_PFN(pte[i]));
                pte_set_present(&pte[i], entry);
            } else {
                pte_set_absent(&pte[i], entry);
                table->link++;
            }
        }
        pfns += run;
    }
    as->frames += pages - gone.count;
    if (gone.count != 0) {
        shootdown(as, va, pages);
        frames_unref(gone.pfn, gone.count);
    }
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

static int aspace_pin_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                             uint32_t *pins) REQUIRES(&as->lock)
{
    uint32_t left = pages;
    uint32_t run;

    for (; left > 0; left -= run, va += run * PAGE_SIZE, pins += run) {
        const pte_t *pte = aspace_pte_locked(as, va);
        uint32_t done;

        run = pages_in_table(va, left);
        done = likely(pte != NULL) ? pin_run(pte, run, perm, pins) : pin_nothing(run, perm, pins);
        if (unlikely(done != run)) {
            done += pages - left;
            aspace_unpin(pins - (pages - left), done); /* all are mapped still: none is the last */
            return -E_INVAL;
        }
    }
    return 0;
}

int aspace_pin(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, uint32_t *pins)
{
    int error;

    lock_acquire(LOCK_ASPACE, &as->lock);
    error = aspace_pin_locked(as, va, pages, perm, pins);
    lock_release(LOCK_ASPACE, &as->lock);
    return error;
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
    int error;

    lock_acquire(LOCK_ASPACE, &as->lock);
    error = aspace_has_table_locked(as, va, pages) ? 0 : aspace_tables_locked(as, va, pages);
    if (error == 0)
        aspace_replace_locked(as, va, pages, perm, pins);
    lock_release(LOCK_ASPACE, &as->lock);
    return error;
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
    bool trimmed = false;

    while (va < end && left.pages > 0 && left.entries > 0) {
        uint32_t slot = aspace_next_table_locked(as, va >> LARGE_SHIFT);

        if (slot << LARGE_SHIFT > va)
            va = slot << LARGE_SHIFT;
        if (va >= end)
            break;
        va = aspace_unmap_table_locked(as, va, end, gone, &left);
        trimmed |= aspace_trim_locked(as, va - 1, gone);
    }
    if (gone->count != 0)
        shootdown(as, first, trimmed ? SHOOTDOWN_TABLES : (end - first) >> PAGE_SHIFT);
    return va < end ? va : end;
}

uint32_t aspace_unmap(struct aspace *as, uint32_t va, uint32_t pages)
{
    struct gone gone;
    uint32_t stop;

    gone.count = 0;
    lock_acquire(LOCK_ASPACE, &as->lock);
    stop = aspace_unmap_locked(as, va, va + pages * PAGE_SIZE, &gone);
    lock_release(LOCK_ASPACE, &as->lock);
    frames_unref(gone.pfn, gone.count);
    return (stop - va) >> PAGE_SHIFT;
}

void aspace_unmap_pinned(struct aspace *as, uint32_t va, uint32_t pages, const uint32_t *pins)
{
    struct gone gone;
    bool trimmed = false;

    gone.count = 0;
    lock_acquire(LOCK_ASPACE, &as->lock);
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t at = va + i * PAGE_SIZE;
        pte_t *pte = aspace_pte_locked(as, at);

        if (pte == NULL || !(*pte & PTE_P) || PTE_PFN(*pte) != pins[i])
            continue;
        gone_add(&gone, pins[i]);
        aspace_clear_locked(as, pte);
        trimmed |= aspace_trim_locked(as, at, &gone);
    }
    if (gone.count != 0)
        shootdown(as, va, trimmed ? SHOOTDOWN_TABLES : pages);
    lock_release(LOCK_ASPACE, &as->lock);
    frames_unref(gone.pfn, gone.count);
}

static int aspace_may_protect_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                                     bool may_grant) REQUIRES(&as->lock)
{
    pte_t *pte = NULL;

    if (perm & PERM_HOLES && (may_grant || !(perm & PERM_W)))
        return 0;
    for (uint32_t i = 0; i < pages; i++) {
        pte = aspace_next_pte_locked(as, va + i * PAGE_SIZE, pte);
        if (pte == NULL || !(*pte & PTE_P)) {
            if (perm & PERM_HOLES)
                continue;
            return -E_INVAL;
        }
        if (perm & PERM_W && !(*pte & PTE_W) && !may_grant)
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

static int aspace_protect_locked(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                                 bool may_grant) REQUIRES(&as->lock)
{
    pte_t rights = pte_of_perm(perm);
    uint32_t left = pages;
    uint32_t taken = 0;
    uint32_t run;
    int error = aspace_may_protect_locked(as, va, pages, perm, may_grant);

    if (error != 0)
        return error;
    for (uint32_t at = va; left > 0; left -= run, at += run * PAGE_SIZE) {
        pte_t *pte = aspace_pte_locked(as, at);

        run = pages_in_table(at, left);
        if (pte != NULL)
            taken |= protect_run(pte, run, rights);
    }
    if (taken != 0)
        shootdown(as, va, pages);
    return 0;
}

int aspace_protect(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, bool may_grant)
{
    int error;

    lock_acquire(LOCK_ASPACE, &as->lock);
    error = aspace_protect_locked(as, va, pages, perm, may_grant);
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
    alone = pte != NULL && *pte & PTE_P && frame_refs(PTE_PFN(*pte)) == 1 &&
            aspace_protect_locked(as, va, 1, perm, true) == 0;
    lock_release(LOCK_ASPACE, &as->lock);
    return alone;
}

int aspace_write(struct aspace *as, uint32_t va, const void *src, size_t len)
{
    const char *from = src;
    int error = 0;

    lock_acquire(LOCK_ASPACE, &as->lock);
    while (len > 0 && error == 0) {
        uint32_t offset = va & PAGE_MASK;
        size_t part = PAGE_SIZE - offset < len ? PAGE_SIZE - offset : len;
        const pte_t *pte = va < USER_TOP ? aspace_pte_locked(as, va) : NULL;

        if (pte == NULL || (*pte & (PTE_P | PTE_W | PTE_U)) != (PTE_P | PTE_W | PTE_U)) {
            error = -E_FAULT;
            break;
        }
        memcpy((char *)paging_kmap(PTE_PFN(*pte), 0) + offset, from, part);
        va += (uint32_t)part;
        from += part;
        len -= part;
    }
    lock_release(LOCK_ASPACE, &as->lock);
    return error;
}

uint32_t aspace_page_info(struct aspace *as, uint32_t va)
{
    const pte_t *pte;
    uint32_t result = 0;

    lock_acquire(LOCK_ASPACE, &as->lock);
    pte = aspace_pte_locked(as, va);
    if (pte != NULL && *pte & PTE_P) {
        uint32_t refs = frame_refs(PTE_PFN(*pte));

        result = pte_to_perm(*pte) | (refs < PAGE_INFO_MANY ? refs : PAGE_INFO_MANY) << PAGE_SHIFT;
    }
    lock_release(LOCK_ASPACE, &as->lock);
    return result;
}

void aspace_usage(struct aspace *as, struct aspace_usage *out)
{
    lock_acquire(LOCK_ASPACE, &as->lock);
    out->frames = as->frames;
    out->quota = as->quota;
    lock_release(LOCK_ASPACE, &as->lock);
    out->envs = atomic_load(&as->envs);
    out->serial = as->serial;
}

void aspace_shrink_quota(struct aspace *as, uint32_t quota)
{
    lock_acquire(LOCK_ASPACE, &as->lock);
    if (quota < as->quota)
        as->quota = quota < as->frames ? as->frames : quota;
    lock_release(LOCK_ASPACE, &as->lock);
}

/* Off every CPU: those that still have it loaded, idle or between two envs, go to their own tables. */
static void aspace_leave(struct aspace *as)
{
    struct cpu *me = this_cpu();

    atomic_store(&as->dying, true);
    if (me->cr3 == paging_cr3(as->pdpt, me->id)) {
        me->cr3 = me->kernel_cr3;
        cpu_write_cr3(me->cr3);
    }
    shootdown(as, 0, SHOOTDOWN_TABLES);
}

static void aspace_free_base(struct aspace *as)
{
    uint32_t directory[USER_DIRECTORIES];

    memcpy(directory, as->directory, sizeof(directory));
    frames_unref(directory, USER_DIRECTORIES);
    frame_unref(virt_to_phys(as) >> PAGE_SHIFT);
    atomic_fetch_sub(&aspace_count, 1);
}

/* The charge is read without the lock: nobody else is left who could change it. */
bool aspace_teardown(struct aspace *as) NO_LOCK_ANALYSIS
{
    if (!atomic_load_explicit(&as->dying, memory_order_relaxed))
        aspace_leave(as);
    /* Before anything is unmapped: a call from outside may still map. Acquire: pairs with
     * aspace_drop. No env is left to find the space by, so nobody comes after 0. */
    if (atomic_load_explicit(&as->users, memory_order_acquire) != 0)
        return false;
    if (as->teardown_va < UVPT_WINDOW) {
        as->teardown_va +=
            aspace_unmap(as, as->teardown_va, (UVPT_WINDOW - as->teardown_va) >> PAGE_SHIFT)
            << PAGE_SHIFT;
        if (as->teardown_va < UVPT_WINDOW)
            return false;
    }
    ASSERT(as->frames == ASPACE_BASE_FRAMES);
    aspace_free_base(as);
    return true;
}
