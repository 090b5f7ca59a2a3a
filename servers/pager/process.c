/* What proc asks for: spaces come, are copied, change, and go. */
#include <errno.h>

#include "grain/syscall.h"
#include "servers/pager/pager.h"

int process_create(envid_t env)
{
    struct space *space;

    if (env <= 0)
        return -E_BAD_ENV;
    space = space_take();
    if (space == NULL)
        return -E_NO_MEM;
    space_add_env(space, env);
    space_leave(space);
    return 0;
}

static bool is_private_writable(const struct pager_region *region)
{
    return region->kind != PAGER_SHARED && (region->perm & PERM_W) != 0;
}

/* All that is mapped in the region, in two calls. What the parent could write it loses the right to; it gets
 * it back, with or without a copy, when it writes. */
static int fork_region(const struct pager_region *region, envid_t parent, envid_t child)
{
    uint32_t start = region_mapped_from(region);
    uint32_t pages = (region->end - start) / PAGE_SIZE;
    uint32_t perm = region->perm | PERM_HOLES;

    if (pages == 0)
        return 0;

    if (is_private_writable(region)) {
        int error;

        perm = (perm & ~PERM_W) | PAGER_COPY_ON_WRITE;
        error = page_protect(parent, start, pages, perm);
        if (error != 0)
            return error;
    }
    return page_map(parent, start, child, start | perm, pages);
}

static int fork_space(struct space *parent, struct space *child, envid_t parent_env,
                      envid_t child_env)
{
    int error = 0;

    for (uint32_t i = 0; i < parent->count && error == 0; i++) {
        error = region_add(child, &parent->regions[i]);
        if (error == 0)
            error = fork_region(&parent->regions[i], parent_env, child_env);
    }
    return error;
}

int process_fork(struct space *space, const struct request *request, struct answer *answer)
{
    envid_t env = (envid_t)request->w[2];
    struct space *child;
    int error;

    (void)answer;
    if (env <= 0)
        return -E_BAD_ENV;
    child = space_take();
    if (child == NULL)
        return -E_NO_MEM;
    child->brk = space->brk;
    error = fork_space(space, child, (envid_t)request->w[1], env);
    if (error == 0)
        space_add_env(child, env);
    else
        space_free(child); /* proc ends its env */
    space_leave(child);
    return error;
}

int process_clear(struct space *space, const struct request *request, struct answer *answer)
{
    envid_t env = (envid_t)request->w[1];
    int error = 0;

    (void)answer;
    for (uint32_t va = 0; va < USER_TOP && error == 0; va += PAGE_CALL_MAX * PAGE_SIZE) {
        uint32_t pages = (USER_TOP - va) / PAGE_SIZE;

        error = page_unmap(env, va, pages < PAGE_CALL_MAX ? pages : PAGE_CALL_MAX);
    }
    region_clear(space);
    shared_disown(space);
    space->brk = HEAP_BASE;
    space->no_memory = false;
    space_end_others(space, env);
    space->had_threads = false; /* nothing is done for the others from here on */
    return error;
}

int process_destroy(struct space *space, const struct request *request, struct answer *answer)
{
    (void)request;
    answer->w[1] = space->no_memory;
    space_free(space);
    return 0;
}

int process_thread(struct space *space, const struct request *request, struct answer *answer)
{
    (void)answer;
    if ((envid_t)request->w[2] <= 0)
        return -E_BAD_ENV;
    space->had_threads = true;
    space_add_env(space, (envid_t)request->w[2]);
    return 0;
}

int process_unthread(struct space *space, const struct request *request, struct answer *answer)
{
    (void)answer;
    space_remove_env(space, (envid_t)request->w[1]);
    return 0;
}

int process_region(struct space *space, const struct request *request, struct answer *answer)
{
    (void)answer;
    if (request->words < PAGES_WORDS_MAX || request->region.kind == PAGER_SHARED)
        return -E_INVAL;
    return region_add(space, &request->region);
}
