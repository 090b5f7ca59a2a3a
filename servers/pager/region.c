/* The regions of a space: a sorted array. */
#include <errno.h>
#include <string.h>

#include "servers/pager/pager.h"

static bool is_malformed(const struct pager_region *region)
{
    uint32_t bytes = region->end - region->start;

    if (((region->start | region->end | region->offset) & PAGE_MASK) != 0)
        return true;
    if (region->start < PAGE_SIZE || region->start >= region->end || region->end > USER_TOP)
        return true;
    if ((region->perm & PERM_R) != PERM_R || (region->perm & ~(PERM_RW | PERM_X)) != 0 ||
        (region->perm & (PERM_W | PERM_X)) == (PERM_W | PERM_X))
        return true;
    return region->kind > PAGER_SHARED ||
           (region->kind == PAGER_FILE && region->file_bytes > bytes);
}

/* The index of the first region that ends above va. */
static uint32_t index_above(const struct space *space, uint32_t va)
{
    uint32_t i = 0;

    while (i < space->count && space->regions[i].end <= va)
        i++;
    return i;
}

struct pager_region *region_find(struct space *space, uint32_t va)
{
    uint32_t i = index_above(space, va);

    return i < space->count && space->regions[i].start <= va ? &space->regions[i] : NULL;
}

static void insert_at(struct space *space, uint32_t index, const struct pager_region *region)
{
    struct pager_region *at = &space->regions[index];

    memmove(at + 1, at, (space->count - index) * sizeof(*at));
    *at = *region;
    space->count++;
    count(&stats.regions, 1);
    if (region->kind == PAGER_SHARED)
        shared_hold(region->file);
}

static void remove_at(struct space *space, uint32_t index)
{
    struct pager_region *at = &space->regions[index];

    if (at->kind == PAGER_SHARED)
        shared_drop(at->file);
    space->count--;
    count(&stats.regions, -1);
    memmove(at, at + 1, (space->count - index) * sizeof(*at));
}

static bool continues(const struct pager_region *before, const struct pager_region *region)
{
    return before->end == region->start && before->kind == PAGER_ANON &&
           region->kind == PAGER_ANON && before->perm == region->perm;
}

int region_add(struct space *space, const struct pager_region *region)
{
    uint32_t i;

    if (is_malformed(region))
        return -E_INVAL;
    i = index_above(space, region->start);
    if (i < space->count && space->regions[i].start < region->end)
        return -E_BUSY;
    if (i > 0 && continues(&space->regions[i - 1], region)) {
        space->regions[i - 1].end = region->end;
        return 0;
    }
    if (space->count == REGIONS_MAX)
        return -E_NO_MEM;
    insert_at(space, i, region);
    return 0;
}

/* The region's beginning goes, up to va. */
static void trim_front(struct pager_region *region, uint32_t va)
{
    uint32_t bytes = va - region->start;

    region->start = va;
    if (region->kind == PAGER_FILE || region->kind == PAGER_SHARED)
        region->offset += bytes;
    if (region->kind == PAGER_FILE)
        region->file_bytes = region->file_bytes > bytes ? region->file_bytes - bytes : 0;
}

static void trim_back(struct pager_region *region, uint32_t va)
{
    region->end = va;
    if (region->kind == PAGER_FILE && region->file_bytes > va - region->start)
        region->file_bytes = va - region->start;
}

int region_cut(struct space *space, uint32_t start, uint32_t end)
{
    uint32_t i = index_above(space, start);

    while (i < space->count && space->regions[i].start < end) {
        struct pager_region *region = &space->regions[i];
        struct pager_region rest = *region;

        if (region->start < start && region->end > end) {
            if (space->count == REGIONS_MAX)
                return -E_NO_MEM;
            trim_back(region, start);
            trim_front(&rest, end);
            insert_at(space, i + 1, &rest);
            return 0;
        }
        if (region->start < start) {
            trim_back(region, start);
            i++;
        } else if (region->end > end) {
            trim_front(region, end);
            return 0;
        } else {
            remove_at(space, i);
        }
    }
    return 0;
}

void region_clear(struct space *space)
{
    while (space->count > 0)
        remove_at(space, space->count - 1);
}

uint32_t region_room(const struct space *space, uint32_t bytes)
{
    uint32_t va = MAP_START + PAGE_SIZE;

    for (uint32_t i = index_above(space, MAP_START); i < space->count; i++) {
        const struct pager_region *next = &space->regions[i];

        if (next->start >= va + PAGE_SIZE && bytes <= next->start - PAGE_SIZE - va)
            break;
        if (next->end + PAGE_SIZE > va)
            va = next->end + PAGE_SIZE;
    }
    return va < MAP_END && bytes <= MAP_END - va ? va : 0;
}
