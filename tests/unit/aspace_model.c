/* The reference model of address spaces, see aspace_model.h. */
#include "aspace_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/mm/frame.h"
#include "machine_host.h"

/* First pages of the places: inside one table; around a table's end; around a directory's; below the
 * top of user memory. */
static const uint32_t places[MODEL_PLACES] = {
    USER_TEXT,
    0x00e00000u - MODEL_PAGES / 2 * PAGE_SIZE,
    0x40000000u - MODEL_PAGES / 2 * PAGE_SIZE,
    USER_TOP - MODEL_PAGES *PAGE_SIZE,
};

uint32_t model_va(uint32_t index)
{
    return places[index / MODEL_PAGES] + index % MODEL_PAGES * PAGE_SIZE;
}

uint32_t model_mapped(const struct model *m, uint32_t index, uint32_t pages)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pages; i++)
        count += m->page[index + i].pfn != 0;
    return count;
}

static bool has_table(const struct model *m, uint32_t slot)
{
    for (uint32_t i = 0; i < MODEL_ALL; i++) {
        if (m->page[i].pfn != 0 && model_va(i) >> LARGE_SHIFT == slot)
            return true;
    }
    return false;
}

uint32_t model_cost(const struct model *m, uint32_t index, uint32_t pages)
{
    uint32_t cost = pages - model_mapped(m, index, pages);
    uint32_t last = UINT32_MAX;

    for (uint32_t i = 0; i < pages; i++) {
        uint32_t slot = model_va(index + i) >> LARGE_SHIFT;

        if (slot != last && !has_table(m, slot))
            cost++;
        last = slot;
    }
    return cost;
}

uint32_t model_frames(const struct model *m)
{
    uint32_t frames = ASPACE_BASE_FRAMES + m->utcbs + m->has_utcb_table;
    uint32_t last = UINT32_MAX;

    for (uint32_t i = 0; i < MODEL_ALL; i++) {
        uint32_t slot = model_va(i) >> LARGE_SHIFT;

        frames += m->page[i].pfn != 0;
        if (slot != last && has_table(m, slot))
            frames++;
        last = slot;
    }
    return frames;
}

static const uint64_t *table_at(uint64_t entry)
{
    return phys_to_virt((paddr_t)PTE_PFN(entry) << PAGE_SHIFT);
}

uint64_t model_walk(const struct aspace *as, uint32_t cpu, uint32_t va)
{
    uint64_t entry = as->pdpt[cpu].entry[va >> 30];

    if (entry & PTE_P)
        entry = table_at(entry)[(va >> LARGE_SHIFT) % PTES_PER_TABLE];
    if (entry & PTE_P)
        entry = table_at(entry)[(va >> PAGE_SHIFT) % PTES_PER_TABLE];
    return entry & PTE_P ? entry : 0;
}

static bool page_holds(const struct model *m, uint32_t index)
{
    const struct model_page *page = &m->page[index];
    uint64_t entry = model_walk(m->as, index % MACHINE_CPUS, model_va(index));
    uint64_t wanted = page->pfn == 0 ? 0 : pte_of_pfn(page->pfn) | pte_of_perm(page->perm);

    if (entry == wanted)
        return true;
    printf("# page %08x: entry %#llx, want %#llx\n", model_va(index), (unsigned long long)entry,
           (unsigned long long)wanted);
    return false;
}

bool model_holds(const struct model *m)
{
    struct aspace_usage usage;

    for (uint32_t i = 0; i < MODEL_ALL; i++) {
        if (!page_holds(m, i))
            return false;
    }
    aspace_usage(m->as, &usage);
    if (usage.frames == model_frames(m) && usage.quota == m->quota)
        return true;
    printf("# charged %u of %u, want %u of %u\n", usage.frames, usage.quota, model_frames(m),
           m->quota);
    return false;
}

bool model_counts_hold(const struct model *models, uint32_t count, uint32_t extra)
{
    uint32_t *refs = calloc(frame_limit, sizeof(*refs));
    uint32_t used = extra;
    bool good = refs != NULL;

    for (uint32_t i = 0; i < count && good; i++) {
        for (uint32_t page = 0; page < MODEL_ALL; page++)
            refs[models[i].page[page].pfn]++;
        used += model_frames(&models[i]) - model_mapped(&models[i], 0, MODEL_ALL);
    }
    for (uint32_t pfn = 1; pfn < frame_limit && good; pfn++) {
        used += refs[pfn] != 0;
        if (refs[pfn] != 0 && refs[pfn] != frame_refs(pfn)) {
            printf("# frame %#x: %u references, want %u\n", pfn, frame_refs(pfn), refs[pfn]);
            good = false;
        }
    }
    free(refs);
    if (good && used != frame_total - frame_count_free()) {
        printf("# %u frames are used, want %u\n", frame_total - frame_count_free(), used);
        good = false;
    }
    return good;
}
