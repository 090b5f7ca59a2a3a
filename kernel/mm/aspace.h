/* Address spaces: page tables, what they are charged, their message pages.
 *
 * An address space lives as long as an env runs in it (`envs`). Whoever works on another env's space
 * holds `users` meanwhile (aspace_hold), so that it is not torn down under his hands.
 *
 * Everything a user causes to be allocated counts against the quota: each mapped page, each page
 * table, each message page, and the ASPACE_BASE_FRAMES that an empty space takes.
 *
 * Ranges are checked by aspace_check_range() first; the functions below expect good ones. Those that
 * can be long work on at most ASPACE_STEP pages (ASPACE_ALLOC_STEP where pages are zeroed): callers
 * split longer ranges and leave the kernel in between. Each does at most one TLB shootdown.
 *
 * Locks: aspace->lock; below it the frame pool's. Never two spaces at once: pages go from one to
 * the other pinned, in this_cpu()->pins.
 */
#ifndef GRAIN_MM_ASPACE_H
#define GRAIN_MM_ASPACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi/env.h"
#include "abi/errors.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/lock/lock.h"

#define ASPACE_BASE_FRAMES 4u /* this struct's page and three directories */
#define ASPACE_STEP        IPC_PAGES_MAX
#define ASPACE_ALLOC_STEP  4u
#define ASPACE_UNMAP_STEP  32u /* of a space that is in use: others wait for its lock meanwhile */

#define TABLE_SLOTS (UVPT_WINDOW >> LARGE_SHIFT) /* 2 MiB stretches of user space */

struct aspace {
    struct x86_pdpt pdpt[GRAIN_MAX_CPUS]; /* immutable; first, the CPU finds it through CR3 */

    /* Immutable. */
    uint32_t directory[USER_DIRECTORIES]; /* frames */
    uint32_t serial;

    _Atomic uint32_t envs;  /* envs in it; the last one's death tears it down */
    _Atomic uint32_t users; /* calls at work on it from outside */
    _Atomic bool dying;     /* set before teardown; CPUs that still have it loaded leave it */

    struct lock lock;
    uint32_t frames GUARDED_BY(&lock); /* charged */
    uint32_t quota GUARDED_BY(&lock);
    uint32_t utcb_used[UTCB_SLOTS / 32] GUARDED_BY(&lock); /* bit set: slot is taken */
    uint32_t
        tables[(TABLE_SLOTS + 31) / 32] GUARDED_BY(&lock); /* bit set: that 2 MiB has a table */

    uint32_t teardown_va; /* the dying env's CPU only: how far teardown got */
};
_Static_assert(sizeof(struct aspace) <= PAGE_SIZE, "an address space fits a page");

extern _Atomic uint32_t aspace_count;

/* 0, or -E_INVAL when [va, va + pages) is not page aligned, wraps, is empty, or leaves user space. */
MUST_CHECK static inline int aspace_check_range(uint32_t va, uint32_t pages)
{
    if ((va & PAGE_MASK) != 0 || pages == 0 || va >= USER_TOP)
        return -E_INVAL;
    return pages <= (USER_TOP - va) >> PAGE_SHIFT ? 0 : -E_INVAL;
}

/* 0, or -E_INVAL when P or U is missing or a bit is set that perm.h does not have. */
MUST_CHECK static inline int aspace_check_perm(uint32_t perm)
{
    return (perm & PERM_R) == PERM_R && (perm & ~PERM_ALL) == 0 ? 0 : -E_INVAL;
}

/* A space with one env to come (`envs` = 1). NULL: no memory. */
struct aspace *aspace_create(uint32_t quota) MUST_CHECK;

static inline void aspace_hold(struct aspace *as)
{
    atomic_fetch_add_explicit(&as->users, 1, memory_order_relaxed);
}

static inline void aspace_drop(struct aspace *as)
{
    /* Release: what the call did comes before the teardown that waits for 0. */
    atomic_fetch_sub_explicit(&as->users, 1, memory_order_release);
}

/* One env more. The space is held; false: its last env is gone. */
MUST_CHECK static inline bool aspace_join(struct aspace *as)
{
    uint32_t envs = atomic_load_explicit(&as->envs, memory_order_relaxed);

    do {
        if (envs == 0)
            return false;
    } while (!atomic_compare_exchange_weak(&as->envs, &envs, envs + 1));
    return true;
}

/* A zeroed message page; *va is its user address, *kernel where the kernel writes it. */
int aspace_utcb_alloc(struct aspace *as, uint32_t *va, void **kernel) MUST_CHECK;
void aspace_utcb_free(struct aspace *as, uint32_t va);

/* Zeroed pages; replaces what was mapped. -E_QUOTA, -E_NO_MEM: nothing changed. */
int aspace_alloc_pages(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm) MUST_CHECK;

/* One reference on each frame of the range, into pins[]. -E_INVAL when a page is not mapped, or W is
 * asked for and one is read-only; then nothing is pinned. With PERM_HOLES in perm a page that is not
 * mapped is FRAME_NONE in pins[]. */
int aspace_pin(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, uint32_t *pins)
    MUST_CHECK;
void aspace_unpin(const uint32_t *pins, uint32_t pages);
/* Maps pinned frames, takes their references over, replaces what was mapped. -E_QUOTA, -E_NO_MEM:
 * nothing changed, the frames are still pinned. */
int aspace_insert(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm,
                  const uint32_t *pins) MUST_CHECK;

/* Unmaps a prefix of the range and returns its length: at most ASPACE_UNMAP_STEP mapped pages in it, holes
 * are skipped. Never 0. */
uint32_t aspace_unmap(struct aspace *as, uint32_t va, uint32_t pages);
/* Unmaps those pages of the range that still map pins[i] (a moved range). */
void aspace_unmap_pinned(struct aspace *as, uint32_t va, uint32_t pages, const uint32_t *pins);

/* New permissions for mapped pages. -E_INVAL when a page is not mapped (without PERM_HOLES in perm), or
 * W is asked for, may not be granted, and one is read-only: then nothing changed. */
int aspace_protect(struct aspace *as, uint32_t va, uint32_t pages, uint32_t perm, bool may_grant)
    MUST_CHECK;

/* New permissions for the one page at va if it is mapped and its frame nowhere else. False: it is not so, and
 * nothing changed. */
bool aspace_take(struct aspace *as, uint32_t va, uint32_t perm) MUST_CHECK;

/* Copies into user memory through the page tables, as the user could write it. -E_FAULT when a page
 * is not mapped writable for the user; bytes before it are written. */
int aspace_write(struct aspace *as, uint32_t va, const void *src, size_t len) MUST_CHECK;

/* Permissions and reference count of va's page, as abi/syscalls.h packs them; 0: not mapped. */
uint32_t aspace_page_info(struct aspace *as, uint32_t va);

void aspace_usage(struct aspace *as, struct aspace_usage *out);
void aspace_shrink_quota(struct aspace *as, uint32_t quota);

/* The last env is gone: frees a bounded part; true when all is freed and `as` is no more. Returns
 * false, too, while a call from outside still holds it. */
bool aspace_teardown(struct aspace *as) MUST_CHECK;

#endif
