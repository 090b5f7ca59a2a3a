/* dumbfork: an eager copy of one's address space, see grain/process.h. */
#include <stdbool.h>
#include <string.h>

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "libuser/internal.h"

#define TABLE_SPAN (2u << 20) /* what one page table maps */

/* Pages of one's own that are mapped alike, one after the other. */
struct range {
    uintptr_t va;
    uint32_t pages;
    uint32_t perm;
};

/* What is in the scratch area belongs to some function at work. */
static uint32_t copied_perm(uintptr_t va)
{
    bool scratch = va >= SCRATCH_AREA && va < SCRATCH_END;

    return scratch ? 0 : page_perm(va);
}

/* Finds the next range from va on. Returns false if there is none. */
static bool next_range(uintptr_t va, struct range *range)
{
    while (va < USER_TOP && copied_perm(va) == 0)
        va = page_table_entry(va) & PERM_P ? va + PAGE_SIZE : (va | (TABLE_SPAN - 1)) + 1;
    if (va >= USER_TOP)
        return false;
    *range = (struct range){.va = va, .perm = copied_perm(va)};
    while (va < USER_TOP && range->pages < SCRATCH_PAGES && copied_perm(va) == range->perm) {
        range->pages++;
        va += PAGE_SIZE;
    }
    return true;
}

static int copy_range(envid_t child, const struct range *range)
{
    if (!(range->perm & PERM_W))
        return page_map(0, range->va, child, range->va | range->perm, range->pages);
    int result = page_alloc(child, range->va, range->pages, range->perm);
    if (result < 0)
        return result;
    result = page_map(child, range->va, 0, scratch_area() | PERM_RW, range->pages);
    if (result < 0)
        return result;
    /* NOLINTNEXTLINE(clang-analyzer-unix.cstring.NullArg): a program may map page 0 */
    memcpy((void *)scratch_area(), (const void *)range->va, range->pages * PAGE_SIZE);
    scratch_unmap();
    return 0;
}

static int copy_memory(envid_t child)
{
    struct range range;

    for (uintptr_t va = 0; next_range(va, &range); va = range.va + range.pages * PAGE_SIZE) {
        int result = copy_range(child, &range);

        if (result < 0)
            return result;
    }
    return 0;
}

/* The child starts inside this function, on a copy of the frame made while the parent was in
 * copy_memory(): so what the child needs of the frame must not change between the two calls. */
envid_t dumbfork(void)
{
    envid_t child = env_create_copy(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    if (child == 0) {
        threads_forget();
        return 0;
    }
    if (child < 0)
        return child;
    int result = copy_memory(child);
    if (result == 0)
        result = env_start(child);
    if (result < 0) {
        process_kill(child);
        return result;
    }
    return child;
}
