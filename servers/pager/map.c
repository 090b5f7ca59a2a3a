/* What a process asks for itself: areas of memory, and the end of its heap. */
#include <errno.h>

#include "grain/syscall.h"
#include "servers/pager/pager.h"

/* Whole pages for so many bytes; 0: none, or more than there can be. */
static uint32_t round_up(uint32_t bytes)
{
    return bytes > USER_TOP ? 0 : (bytes + PAGE_MASK) & ~PAGE_MASK;
}

static int unmap(envid_t env, uint32_t start, uint32_t end)
{
    int error = 0;

    while (start < end && error == 0) {
        uint32_t pages = (end - start) / PAGE_SIZE;

        pages = pages < PAGE_CALL_MAX ? pages : PAGE_CALL_MAX;
        error = page_unmap(env, start, pages);
        start += pages * PAGE_SIZE;
    }
    return error;
}

int map_map(struct space *space, const struct request *request, struct answer *answer)
{
    uint32_t bytes = round_up(request->w[1]);
    uint32_t va = request->w[3];

    if (bytes == 0 || va > USER_TOP || bytes > USER_TOP - va)
        return -E_INVAL;
    if (va == 0)
        va = region_room(space, bytes);
    if (va == 0)
        return -E_NO_MEM;
    const struct pager_region region = {
        .start = va, .end = va + bytes, .perm = request->w[2], .kind = PAGER_ANON};
    answer->w[1] = va;
    return region_add(space, &region);
}

int map_unmap(struct space *space, const struct request *request, struct answer *answer)
{
    uint32_t start = request->w[1];
    uint32_t bytes = round_up(request->w[2]);
    int error;

    (void)answer;
    if ((start & PAGE_MASK) != 0 || bytes == 0 || start > USER_TOP || bytes > USER_TOP - start)
        return -E_INVAL;
    error = region_cut(space, start, start + bytes);
    return error == 0 ? unmap(request->from, start, start + bytes) : error;
}

/* The page that the break is in stays as long as the break is above its start. */
static int change_break(struct space *space, envid_t env, uint32_t brk)
{
    uint32_t old_end = round_up(space->brk);
    uint32_t new_end = round_up(brk);
    int error = 0;

    if (new_end > old_end) {
        const struct pager_region region = {
            .start = old_end, .end = new_end, .perm = PERM_RW, .kind = PAGER_ANON};

        error = region_add(space, &region);
    } else if (new_end < old_end) {
        error = region_cut(space, new_end, old_end);
        if (error == 0)
            error = unmap(env, new_end, old_end);
    }
    if (error == 0)
        space->brk = brk;
    return error == -E_BUSY ? -E_NO_MEM : error;
}

int map_break(struct space *space, const struct request *request, struct answer *answer)
{
    int32_t change = (int32_t)request->w[1];

    answer->w[1] = space->brk;
    if (change > 0 && (uint32_t)change > HEAP_END - space->brk)
        return -E_NO_MEM;
    if (change < 0 && 0 - (uint32_t)change > space->brk - HEAP_BASE)
        return -E_INVAL;
    return change == 0 ? 0 : change_break(space, request->from, space->brk + (uint32_t)change);
}
