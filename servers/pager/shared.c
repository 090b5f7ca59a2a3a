/* Shared memory: objects of some pages, which are allocated when the object is made and stay mapped here,
 * one slot of address space each.
 *
 * An object has one reference for its creator and one for each region. The table is under no gate:
 * references are atomic, and who takes one away that was the last clears the slot, which is nobody else's
 * then. The key has the slot's number and a part that is hard to guess, and is void before the rest.
 */
#include <errno.h>

#include "grain/syscall.h"
#include "grain/time.h"
#include "servers/pager/pager.h"

#define SLOT_BITS 6u
#define SLOT(key) ((key) & (SHARED_MAX - 1))
_Static_assert(SHARED_MAX == 1u << SLOT_BITS, "a key has the slot in its low bits");

static struct object {
    uint32_t refs; /* atomic; 0: free */
    uint32_t key;  /* atomic; 0: not to be attached */
    uint32_t pages;
    struct space *creator; /* atomic */
} objects[SHARED_MAX];

static uint32_t key_seed;

static uintptr_t object_va(uint32_t slot)
{
    return SHARED_AREA + slot * PAGER_SHARED_MAX;
}

static uint32_t new_key(uint32_t slot)
{
    uint32_t mix =
        (uint32_t)time_ticks() + __atomic_add_fetch(&key_seed, 0x9e3779b9u, __ATOMIC_RELAXED);

    mix = (mix ^ mix >> 16) * 0x85ebca6bu;
    mix = (mix ^ mix >> 13) * 0xc2b2ae35u;
    mix = (mix & ~(SHARED_MAX - 1)) | slot;
    return mix >= SHARED_MAX ? mix : mix | 1u << SLOT_BITS;
}

static bool take_reference(struct object *object)
{
    uint32_t refs = __atomic_load_n(&object->refs, __ATOMIC_RELAXED);

    while (refs != 0 && !__atomic_compare_exchange_n(&object->refs, &refs, refs + 1, false,
                                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {}
    return refs != 0;
}

void shared_hold(uint32_t slot)
{
    __atomic_fetch_add(&objects[slot].refs, 1, __ATOMIC_RELAXED);
}

/* The last one keeps his reference until nothing is left. */
void shared_drop(uint32_t slot)
{
    struct object *object = &objects[slot];
    uint32_t refs = __atomic_load_n(&object->refs, __ATOMIC_RELAXED);

    do {
        while (refs == 1) {
            /* Nobody takes a reference but by the key, or has one already. */
            __atomic_store_n(&object->key, 0, __ATOMIC_SEQ_CST);
            refs = __atomic_load_n(&object->refs, __ATOMIC_SEQ_CST);
            if (refs == 1)
                break;
        }
        if (refs == 1)
            (void)page_unmap(0, object_va(slot), object->pages);
    } while (!__atomic_compare_exchange_n(&object->refs, &refs, refs - 1, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    if (refs == 1)
        count(&stats.shared, -1);
}

void shared_disown(struct space *space)
{
    for (uint32_t slot = 0; slot < SHARED_MAX && space->owned > 0; slot++) {
        if (__atomic_load_n(&objects[slot].creator, __ATOMIC_RELAXED) != space)
            continue;
        __atomic_store_n(&objects[slot].creator, NULL, __ATOMIC_RELAXED);
        space->owned--;
        shared_drop(slot);
    }
}

/* A free slot, with one reference; SHARED_MAX: there is none. */
static uint32_t take_slot(void)
{
    for (uint32_t slot = 0; slot < SHARED_MAX; slot++) {
        uint32_t free = 0;

        if (__atomic_compare_exchange_n(&objects[slot].refs, &free, 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return slot;
    }
    return SHARED_MAX;
}

int shared_make(struct space *space, const struct request *request, struct answer *answer)
{
    uint32_t bytes = request->w[1];
    uint32_t slot;
    int error;

    if (bytes == 0)
        return -E_INVAL;
    if (bytes > PAGER_SHARED_MAX || space->owned == SHARED_OWNED_MAX)
        return -E_NO_MEM;
    slot = take_slot();
    if (slot == SHARED_MAX)
        return -E_NO_MEM;
    objects[slot].pages = (bytes + PAGE_MASK) / PAGE_SIZE;
    count(&stats.shared, 1);
    error = page_alloc(0, object_va(slot), objects[slot].pages, PERM_RW);
    if (error != 0) {
        shared_drop(slot);
        return -E_NO_MEM;
    }
    space->owned++;
    __atomic_store_n(&objects[slot].creator, space, __ATOMIC_RELAXED);
    answer->w[1] = new_key(slot);
    __atomic_store_n(&objects[slot].key, answer->w[1], __ATOMIC_RELEASE);
    return 0;
}

int shared_map(envid_t env, const struct pager_region *region, uint32_t va, uint32_t pages)
{
    uintptr_t from = object_va(region->file) + region->offset + (va - region->start);

    return page_map(0, from, env, va | region->perm, pages);
}

/* A reference on the object is held meanwhile. */
static int attach(struct space *space, const struct request *request, struct answer *answer,
                  uint32_t slot)
{
    uint32_t bytes = objects[slot].pages * PAGE_SIZE;
    uint32_t va = region_room(space, bytes);
    struct pager_region region = {
        .start = va, .end = va + bytes, .perm = request->w[2], .kind = PAGER_SHARED, .file = slot};
    int error;

    if (va == 0)
        return -E_NO_MEM;
    error = region_add(space, &region);
    if (error != 0)
        return error;
    error = shared_map(request->from, &region, va, region_pages(&region));
    if (error != 0) {
        (void)page_unmap(request->from, va, region_pages(&region));
        (void)region_cut(space, va, va + bytes); /* it is whole: no piece more */
        return error;
    }
    answer->w[1] = va;
    answer->w[2] = bytes;
    return 0;
}

int shared_join(struct space *space, const struct request *request, struct answer *answer)
{
    uint32_t key = request->w[1];
    struct object *object = &objects[SLOT(key)];
    int error = -E_INVAL;

    if (key == 0 || !take_reference(object))
        return -E_INVAL;
    if (__atomic_load_n(&object->key, __ATOMIC_SEQ_CST) == key)
        error = attach(space, request, answer, SLOT(key));
    shared_drop(SLOT(key));
    return error;
}
