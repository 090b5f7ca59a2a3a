/* Frames: the references that each counts against all that refers to it, and the lists of free ones.
 *
 * There is no memory to count in, so it is done in place, while nobody else runs: what a walk over all address
 * spaces finds is taken from the frames' own counts, what is left is looked at, and a second walk gives it back.
 * The frames that the kernel keeps for good are marked at start-up by a link that no other frame can have.
 */
#include "kernel/check/inside.h"
#include "kernel/check/parts.h"

#define LINK_KERNEL UINT32_MAX /* frame.link: the kernel's own */

/* Counts while the check is at it. Frames that count 0 get the first, and the second when they are found in a list
 * of free frames; either less something: they are mapped, too. */
#define COUNT_LOST 0x40000000u
#define COUNT_FREE 0x80000000u
#define COUNT_MOST 0x30000000u /* no frame is mapped so often */

void check_boot(void)
{
    for (uint32_t pfn = 0; pfn < frame_limit; pfn++) {
        if (frame_refs(pfn) != 0)
            frame_table[pfn].link = LINK_KERNEL;
    }
}

static void count_set(uint32_t pfn, uint32_t count)
{
    atomic_store_explicit(&frame_table[pfn].refs, count, memory_order_relaxed);
}

/* ---- All references of address spaces ---- */

static void refer(uint32_t pfn, uint32_t by)
{
    if (pfn < frame_limit)
        count_set(pfn, frame_refs(pfn) + by);
}

static void refer_table(uint32_t pfn, uint32_t by)
{
    const pte_t *table = phys_to_virt((paddr_t)pfn << PAGE_SHIFT);

    for (uint32_t i = 0; i < PTES_PER_TABLE; i++) {
        if (table[i] & PTE_P)
            refer(PTE_PFN(table[i]), by);
    }
    refer(pfn, by);
}

static void refer_directory(uint32_t pfn, uint32_t slots, uint32_t by)
{
    const pte_t *directory = phys_to_virt((paddr_t)pfn << PAGE_SHIFT);

    for (uint32_t i = 0; i < slots; i++) {
        if (directory[i] & PTE_P && check_is_low_frame(PTE_PFN(directory[i])))
            refer_table(PTE_PFN(directory[i]), by);
    }
    refer(pfn, by);
}

/* by: 1, or UINT32_MAX, which takes one away. */
static void refer_all(uint32_t by)
{
    for (uint32_t i = 0; i < check_space_count; i++) {
        const struct aspace *as = check_space[i];
        uint32_t slots = TABLE_SLOTS;

        refer(virt_to_phys(as) >> PAGE_SHIFT, by);
        for (uint32_t d = 0; d < USER_DIRECTORIES; d++, slots -= PTES_PER_TABLE) {
            if (check_is_low_frame(as->directory[d]))
                refer_directory(as->directory[d], slots < PTES_PER_TABLE ? slots : PTES_PER_TABLE,
                                by);
        }
    }
}

/* ---- Free frames ---- */

/* False: the list is broken here. */
static bool note_free(uint32_t pfn, const char *where)
{
    if (pfn == FRAME_NONE || pfn >= frame_limit) {
        check_fail("frame: %x in %s is none", pfn, where);
        return false;
    }
    if (frame_refs(pfn) != COUNT_LOST) {
        check_fail("frame: %x in %s: it is in use, or free twice (%x)", pfn, where,
                   frame_refs(pfn));
        return false;
    }
    count_set(pfn, COUNT_FREE);
    return true;
}

static void check_zeroed(uint32_t pfn)
{
    const uint32_t *word = paging_kmap(pfn, 0);

    for (uint32_t i = 0; i < PAGE_SIZE / sizeof(*word); i++) {
        if (word[i] != 0) {
            check_fail("frame: %x is in stock as zeroed, and has %x at %x", pfn, word[i],
                       i * (uint32_t)sizeof(*word));
            return;
        }
    }
}

static bool note_kind(uint32_t pfn, uint32_t kind, const char *where)
{
    if (!note_free(pfn, where))
        return false;
    if (kind == FRAME_ZEROED)
        check_zeroed(pfn);
    return true;
}

static void note_pool(uint32_t zone, uint32_t kind)
{
    struct lock *lock;
    uint32_t count;
    uint32_t found = 0;
    uint32_t pfn = frame_inside_pool(zone, kind, &count, &lock);

    for (; pfn != FRAME_NONE && note_kind(pfn, kind, "the pool"); pfn = frame_table[pfn].link)
        found++;
    if (found != count)
        check_fail("frame: %u in pool %u, and %u are counted", found, zone, count);
}

static void note_cache(const struct frame_cache *cache, uint32_t kind)
{
    if (cache->count > FRAME_CACHE_SIZE) {
        check_fail("frame: %u in a CPU's cache", cache->count);
        return;
    }
    for (uint32_t i = 0; i < cache->count; i++)
        (void)note_kind(cache->pfn[i], kind, "a CPU's cache");
}

static void note_all_free(void)
{
    for (uint32_t zone = 0; zone < FRAME_ZONES; zone++) {
        for (uint32_t kind = 0; kind < FRAME_KINDS; kind++) {
            note_pool(zone, kind);
            for (uint32_t i = 0; i < cpu_count; i++)
                note_cache(&cpus[i]->frames[zone][kind], kind);
        }
    }
    if (frame_inside_work() != 0)
        check_fail("frame: %u are being zeroed, and no CPU is at it", frame_inside_work());
}

/* ---- */

static uint32_t wanted(uint32_t pfn)
{
    return frame_table[pfn].link == LINK_KERNEL ? 1 : 0;
}

static void check_frame(uint32_t pfn)
{
    uint32_t left = frame_refs(pfn);

    if (left == COUNT_FREE || left == wanted(pfn))
        return;
    if (left == COUNT_LOST)
        check_fail("frame: %x is neither in use nor free", pfn);
    else if (left > COUNT_FREE - COUNT_MOST && left < COUNT_FREE)
        check_fail("frame: %x is free, and mapped %u times", pfn, COUNT_FREE - left);
    else if (left > COUNT_LOST - COUNT_MOST && left < COUNT_LOST)
        check_fail("frame: %x counts 0 references, and is mapped %u times", pfn, COUNT_LOST - left);
    else
        check_fail("frame: %x counts %d references more than there are", pfn,
                   (int32_t)(left - wanted(pfn)));
}

void check_frames(void)
{
    for (uint32_t pfn = 0; pfn < frame_limit; pfn++) {
        if (frame_refs(pfn) == 0)
            count_set(pfn, COUNT_LOST);
    }
    note_all_free();
    refer_all(UINT32_MAX);
    for (uint32_t pfn = 0; pfn < frame_limit; pfn++)
        check_frame(pfn);
    refer_all(1);
    for (uint32_t pfn = 0; pfn < frame_limit; pfn++) {
        if (frame_refs(pfn) == COUNT_LOST || frame_refs(pfn) == COUNT_FREE)
            count_set(pfn, 0);
    }
}
