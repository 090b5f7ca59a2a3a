/* System calls on memory. They act on the address space of an env that the caller controls, pages, or
 * shares a space with; long ranges go in steps, with a return to user mode after each.
 *
 * Locks: the target env's while its space is looked up; then the space's own, inside mm/.
 */
#include "abi/errors.h"
#include "abi/perm.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/* The space of env `id` (0: one's own), held until memory_done. If there is none the call ends, which may have
 * been in the middle of its steps. */
static struct aspace *memory_target(struct env *self, uint32_t id, int *error) NO_LOCK_ANALYSIS
{
    struct env *e;
    struct aspace *as;

    *error = 0;
    if (id == 0)
        return self->aspace;
    e = env_authorize_lock(self, id, ENV_RIGHT_MEMORY, error);
    if (e == NULL) {
        self->progress = 0;
        return NULL;
    }
    as = e->aspace;
    if (as != self->aspace)
        aspace_hold(as);
    env_unlock(e);
    return as;
}

static void memory_done(const struct env *self, struct aspace *as)
{
    if (as != self->aspace)
        aspace_drop(as);
}

static int memory_check(uint32_t va, uint32_t pages)
{
    if (pages > PAGE_CALL_MAX)
        return -E_INVAL;
    return aspace_check_range(va, pages);
}

/* How many pages the next step works on, from self->progress on. */
static uint32_t memory_step(struct env *self, uint32_t pages, uint32_t most)
{
    if (self->progress >= pages)
        self->progress = 0;
    return pages - self->progress < most ? pages - self->progress : most;
}

/* The end of a step that returned `result`, an error or 0 or what a call of one step returns, and did `step`
 * pages. */
static int32_t memory_advance(struct env *self, uint32_t pages, uint32_t step, int result)
{
    self->progress += step;
    if (result < 0 || self->progress >= pages) {
        self->progress = 0;
        return result;
    }
    syscall_restart(self);
}

REGPARM int32_t sys_page_alloc(struct env *self)
{
    uint32_t va = self->regs.ebx;
    uint32_t pages = self->regs.esi;
    uint32_t perm = self->regs.edi;
    struct aspace *as;
    uint32_t step;
    int error;

    if (memory_check(va, pages) != 0 || aspace_check_perm(perm) != 0)
        return -E_INVAL;
    as = memory_target(self, self->regs.edx, &error);
    if (as == NULL)
        return error;
    step = memory_step(self, pages, ASPACE_ALLOC_STEP);
    error = aspace_alloc_pages(as, va + self->progress * PAGE_SIZE, step, perm);
    memory_done(self, as);
    return memory_advance(self, pages, step, error);
}

/* Maps the frames pinned by a step, run by run where holes are in between. */
static int memory_insert_runs(struct aspace *dst, uint32_t va, uint32_t perm, uint32_t *pins,
                              uint32_t step)
{
    uint32_t end;

    for (uint32_t i = 0; i < step; i = end) {
        int error;

        end = i + 1;
        if (pins[i] == FRAME_NONE)
            continue;
        while (end < step && pins[end] != FRAME_NONE)
            end++;
        error = aspace_insert(dst, va + i * PAGE_SIZE, end - i, perm, &pins[i]);
        if (error != 0) {
            aspace_unpin(&pins[i], step - i);
            return error;
        }
    }
    return 0;
}

static int memory_map_step(struct aspace *src, uint32_t srcva, struct aspace *dst, uint32_t dstva,
                           uint32_t step)
{
    uint32_t *pins = this_cpu()->pins;
    uint32_t perm = dstva & PAGE_MASK;
    int error = aspace_pin(src, srcva, step, perm, pins);

    if (error != 0)
        return error;
    return memory_insert_runs(dst, dstva & ~PAGE_MASK, perm & ~PERM_HOLES, pins, step);
}

/* Fresh frames with the same contents take the places of the pinned ones. */
static int memory_copy_pins(uint32_t *pins, uint32_t step)
{
    for (uint32_t i = 0; i < step; i++) {
        uint32_t pfn = frame_alloc(FRAME_HIGH);

        if (pfn == FRAME_NONE)
            return -E_NO_MEM;
        memcpy(paging_kmap(pfn, 0), paging_kmap(pins[i], 1), PAGE_SIZE);
        frame_unref(pins[i]);
        pins[i] = pfn;
        shootdown_catch_up();
    }
    return 0;
}

static int memory_copy_step(struct aspace *src, uint32_t srcva, struct aspace *dst, uint32_t dstva,
                            uint32_t step)
{
    uint32_t *pins = this_cpu()->pins;
    int error;

    error = aspace_pin(src, srcva, step, PERM_R, pins);
    if (error != 0)
        return error;
    error = memory_copy_pins(pins, step);
    if (error == 0)
        error = aspace_insert(dst, dstva & ~PAGE_MASK, step, dstva & PAGE_MASK, pins);
    if (error != 0)
        aspace_unpin(pins, step);
    return error;
}

/* One page: onto itself, and nobody else has it, it is its own copy already. */
static int memory_copy_one(struct aspace *src, uint32_t srcva, struct aspace *dst, uint32_t dstva,
                           uint32_t step)
{
    if (src == dst && srcva == (dstva & ~PAGE_MASK) && aspace_take(dst, srcva, dstva & PAGE_MASK))
        return PAGE_COPY_KEPT;
    return memory_copy_step(src, srcva, dst, dstva, step);
}

typedef int memory_step_fn(struct aspace *src, uint32_t srcva, struct aspace *dst, uint32_t dstva,
                           uint32_t step);

/* What page_map and page_copy have in common: from one space to another, `most` pages in a step. */
static int32_t memory_transfer(struct env *self, memory_step_fn *transfer, uint32_t most)
{
    uint32_t srcva = self->regs.ebx;
    uint32_t dstva = self->regs.edi; /* permissions in the low bits */
    uint32_t pages = self->regs.ebp;
    struct aspace *src;
    struct aspace *dst;
    uint32_t step;
    int error;

    if (memory_check(srcva, pages) != 0 || memory_check(dstva & ~PAGE_MASK, pages) != 0)
        return -E_INVAL;
    src = memory_target(self, self->regs.edx, &error);
    if (src == NULL)
        return error;
    dst = src;
    if (self->regs.esi != self->regs.edx)
        dst = memory_target(self, self->regs.esi, &error);
    if (dst == NULL) {
        memory_done(self, src);
        return error;
    }
    step = memory_step(self, pages, most);
    error = transfer(src, srcva + self->progress * PAGE_SIZE, dst,
                     dstva + self->progress * PAGE_SIZE, step);
    memory_done(self, src);
    if (self->regs.esi != self->regs.edx)
        memory_done(self, dst);
    return memory_advance(self, pages, step, error);
}

REGPARM int32_t sys_page_map(struct env *self)
{
    if (aspace_check_perm(self->regs.edi & PAGE_MASK & ~PERM_HOLES) != 0)
        return -E_INVAL;
    return memory_transfer(self, memory_map_step, ASPACE_STEP);
}

REGPARM int32_t sys_page_copy(struct env *self)
{
    if (aspace_check_perm(self->regs.edi & PAGE_MASK) != 0)
        return -E_INVAL;
    return memory_transfer(self, self->regs.ebp == 1 ? memory_copy_one : memory_copy_step,
                           ASPACE_ALLOC_STEP);
}

REGPARM int32_t sys_page_unmap(struct env *self)
{
    uint32_t va = self->regs.ebx;
    uint32_t pages = self->regs.esi;
    struct aspace *as;
    uint32_t step;
    int error;

    if (memory_check(va, pages) != 0)
        return -E_INVAL;
    as = memory_target(self, self->regs.edx, &error);
    if (as == NULL)
        return error;
    step = memory_step(self, pages, pages);
    step = aspace_unmap(as, va + self->progress * PAGE_SIZE, step);
    memory_done(self, as);
    return memory_advance(self, pages, step, 0);
}

REGPARM int32_t sys_page_protect(struct env *self)
{
    uint32_t va = self->regs.ebx;
    uint32_t pages = self->regs.esi;
    uint32_t perm = self->regs.edi;
    struct aspace *as;
    uint32_t step;
    int error;

    if (memory_check(va, pages) != 0 || aspace_check_perm(perm & ~PERM_HOLES) != 0)
        return -E_INVAL;
    as = memory_target(self, self->regs.edx, &error);
    if (as == NULL)
        return error;
    step = memory_step(self, pages, ASPACE_STEP);
    /* Nobody gives himself the right to write: what he shares may be copy-on-write. */
    error = aspace_protect(as, va + self->progress * PAGE_SIZE, step, perm, as != self->aspace);
    memory_done(self, as);
    return memory_advance(self, pages, step, error);
}

REGPARM int32_t sys_page_info(struct env *self)
{
    uint32_t va = self->regs.ebx;
    struct aspace *as;
    int32_t result;
    int error;

    if (aspace_check_range(va, 1) != 0)
        return -E_INVAL;
    as = memory_target(self, self->regs.edx, &error);
    if (as == NULL)
        return error;
    result = (int32_t)aspace_page_info(as, va);
    memory_done(self, as);
    return result;
}

REGPARM int32_t sys_aspace_info(struct env *self)
{
    struct aspace_usage usage;
    struct aspace *as;
    int error;

    as = memory_target(self, self->regs.edx, &error);
    if (as == NULL)
        return error;
    aspace_usage(as, &usage);
    memory_done(self, as);
    *(struct aspace_usage *)self->utcb->buf = usage;
    return 0;
}
