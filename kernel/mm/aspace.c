/* Address spaces: their lives, their message pages, what they are charged; see aspace.h. */
#include "kernel/mm/aspace.h"

#include "abi/errors.h"
#include "abi/perm.h"
#include "abi/syscalls.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/cpu.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/mm/walk.h"
#include "kernel/panic.h"
#include "kernel/string.h"

_Atomic uint32_t aspace_count;
static _Atomic uint32_t aspace_next_serial;

struct aspace *aspace_create(uint32_t quota)
{
    uint32_t pfn[ASPACE_BASE_FRAMES];
    struct aspace *as;

    for (uint32_t i = 0; i < ASPACE_BASE_FRAMES; i++) {
        pfn[i] = i < USER_DIRECTORIES ? frame_alloc_zeroed(FRAME_LOW) : frame_alloc(FRAME_LOW);
        if (pfn[i] == FRAME_NONE) {
            frames_unref(pfn, i);
            return NULL;
        }
    }
    as = frame_kernel(pfn[USER_DIRECTORIES]);
    memset(as, 0, sizeof(*as));
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
        WRITE_ONCE(me->cr3, me->kernel_cr3);
        cpu_write_cr3(me->cr3);
    }
    shootdown(as, 0, SHOOTDOWN_TABLES);
}

static void aspace_free_base(struct aspace *as)
{
    paging_end_space(as->directory);
    for (uint32_t i = 0; i < USER_DIRECTORIES; i++)
        frame_unref_zeroed(as->directory[i]);
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
