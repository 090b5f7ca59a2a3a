/* Address spaces: page tables, charges, quota, message pages, what hangs on them. All that follows a page-table
 * entry looks first whether there is such a frame.
 */
#include "kernel/check/parts.h"
#include "kernel/string.h"

/* What an entry of a user page may have set; present, and the user's, it is anyway. */
#define PTE_USER_BITS (pte_of_perm(PERM_ALL) | PTE_NX | PTE_A | PTE_D)

extern const char kernel_text_start[], kernel_end[];

struct aspace *check_space[ENV_MAX];
uint32_t check_space_count;

static uint32_t members[ENV_MAX]; /* envs in it, by index in check_space */
static bool is_ending[ENV_MAX];   /* its last env is taking it down */

static void space_fail(const struct aspace *as, const char *what, uint32_t got, uint32_t wanted)
{
    check_fail("aspace %u: %s: %x, not %x", as->serial, what, got, wanted);
}

static void space_check(const struct aspace *as, uint32_t got, uint32_t wanted, const char *what)
{
    if (got != wanted)
        space_fail(as, what, got, wanted);
}

/* ---- Finding them ---- */

static bool is_space(const struct aspace *as)
{
    return ((uintptr_t)as & PAGE_MASK) == 0 && (uintptr_t)as > DIRECT_MAP &&
           check_is_low_frame(virt_to_phys(as) >> PAGE_SHIFT);
}

static uint32_t space_index(struct aspace *as)
{
    uint32_t i = 0;

    while (i < check_space_count && check_space[i] != as)
        i++;
    if (i == check_space_count) {
        check_space[check_space_count++] = as;
        members[i] = 0;
        is_ending[i] = false;
    }
    return i;
}

static void collect(void)
{
    check_space_count = 0;
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        const struct env *e = &env_table[i];
        uint32_t index;

        if (!check_has_env(e))
            continue;
        if (!is_space(e->aspace)) {
            check_fail("env: slot %u: %p is no address space", i, (const void *)e->aspace);
            continue;
        }
        index = space_index(e->aspace);
        members[index] += check_is_in_space(e);
        is_ending[index] |= !check_is_in_space(e);
    }
    if (atomic_load(&aspace_count) != check_space_count)
        check_fail("aspaces: envs are in %u, and %u are counted", check_space_count,
                   atomic_load(&aspace_count));
}

/* ---- Page tables ---- */

static void check_entry(const struct aspace *as, uint32_t va, pte_t pte)
{
    uint32_t pfn = PTE_PFN(pte);

    if (!(pte & PTE_U) || (pte & ((pte_t)PAGE_MASK | PTE_NX) & ~PTE_USER_BITS) != 0)
        check_fail("aspace %u: va %08x: entry %llx", as->serial, va, (unsigned long long)pte);
    if (pfn == FRAME_NONE || pfn >= frame_limit)
        check_fail("aspace %u: va %08x: there is no frame %x", as->serial, va, pfn);
    else if (pfn >= virt_to_phys(kernel_text_start) >> PAGE_SHIFT &&
             pfn < virt_to_phys(kernel_end) >> PAGE_SHIFT)
        check_fail("aspace %u: va %08x: the kernel's image is mapped, frame %x", as->serial, va,
                   pfn);
}

/* Returns how many pages the table maps. */
static uint32_t check_table(const struct aspace *as, uint32_t slot, uint32_t pfn)
{
    const pte_t *table = phys_to_virt((paddr_t)pfn << PAGE_SHIFT);
    uint32_t present = 0;

    for (uint32_t i = 0; i < PTES_PER_TABLE; i++) {
        if (!(table[i] & PTE_P))
            continue;
        present++;
        check_entry(as, (slot << LARGE_SHIFT) + (i << PAGE_SHIFT), table[i]);
    }
    space_check(as, frame_table[pfn].link, present, "a page table's count of entries");
    space_check(as, frame_refs(pfn), 1, "references to a page table");
    return present;
}

static uint32_t check_slot(const struct aspace *as, uint32_t slot) NO_LOCK_ANALYSIS
{
    const pte_t *directory =
        phys_to_virt((paddr_t)as->directory[slot / PTES_PER_TABLE] << PAGE_SHIFT);
    pte_t entry = directory[slot % PTES_PER_TABLE];
    bool has_table = (as->tables[slot / 32] >> slot % 32 & 1u) != 0;

    if (has_table != ((entry & PTE_P) != 0))
        check_fail("aspace %u: table %u: entry %llx, and its bit is %u", as->serial, slot,
                   (unsigned long long)entry, has_table);
    if (!(entry & PTE_P))
        return 0;
    if (!check_is_low_frame(PTE_PFN(entry)) || entry & PTE_PS) {
        check_fail("aspace %u: table %u: entry %llx", as->serial, slot, (unsigned long long)entry);
        return 0;
    }
    return 1 + check_table(as, slot, PTE_PFN(entry));
}

/* What the hardware starts from: a table of four for each CPU, and the window that shows the user his tables. */
static bool check_directories(const struct aspace *as)
{
    bool good = true;

    for (uint32_t i = 0; i < USER_DIRECTORIES; i++) {
        good = good && check_is_low_frame(as->directory[i]);
        for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
            space_check(as, PTE_PFN(as->pdpt[cpu].entry[i]), as->directory[i],
                        "a directory as a CPU sees it");
    }
    if (!good) {
        check_fail("aspace %u: its directories are no frames", as->serial);
        return false;
    }
    for (uint32_t i = 0; i < USER_DIRECTORIES; i++) {
        const pte_t *last =
            phys_to_virt((paddr_t)as->directory[USER_DIRECTORIES - 1] << PAGE_SHIFT);
        pte_t entry = last[TABLE_SLOTS % PTES_PER_TABLE + i];

        space_check(as, PTE_PFN(entry), as->directory[i], "the window on a directory");
        space_check(as, (uint32_t)entry & (uint32_t)PTE_W, 0, "rights of that window");
        space_check(as, frame_refs(as->directory[i]), 1, "references to a directory");
    }
    return true;
}

/* ---- Charges and message pages ---- */

static uint32_t count_utcbs(const struct aspace *as) NO_LOCK_ANALYSIS
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < UTCB_SLOTS / 32; i++)
        count += (uint32_t)__builtin_popcount(as->utcb_used[i]);
    return count;
}

static void check_space_of(uint32_t index) NO_LOCK_ANALYSIS
{
    const struct aspace *as = check_space[index];
    uint32_t charged = ASPACE_BASE_FRAMES;

    check_lock_free(&as->lock, LOCK_ASPACE, "aspace", as->serial);
    space_check(as, atomic_load(&as->envs), members[index], "its count of envs");
    space_check(as, atomic_load(&as->users), 0, "calls at work on it");
    if (!is_ending[index])
        space_check(as, atomic_load(&as->dying), false, "its mark of death");
    space_check(as, count_utcbs(as), members[index], "message pages in use");
    if (!check_directories(as))
        return;
    for (uint32_t slot = 0; slot < TABLE_SLOTS; slot++)
        charged += check_slot(as, slot);
    space_check(as, as->frames, charged, "frames charged");
    if (as->frames > as->quota)
        space_fail(as, "frames charged, beyond its quota", as->frames, as->quota);
}

/* The env's message page is mapped where it says, and is the frame that the kernel writes to. */
static void check_utcb(const struct env *e) NO_LOCK_ANALYSIS
{
    const struct aspace *as = e->aspace;
    uint32_t slot = (e->utcb_va - UTCB_AREA) / UTCB_SIZE;
    const pte_t *directory = phys_to_virt((paddr_t)as->directory[e->utcb_va >> 30] << PAGE_SHIFT);
    pte_t entry = directory[(e->utcb_va >> LARGE_SHIFT) % PTES_PER_TABLE];
    const pte_t *table;

    if (slot >= UTCB_SLOTS || (as->utcb_used[slot / 32] >> slot % 32 & 1u) == 0 ||
        !(entry & PTE_P) || !check_is_low_frame(PTE_PFN(entry))) {
        check_fail("env: slot %u: there is no message page %08x", env_index(e), e->utcb_va);
        return;
    }
    table = phys_to_virt((paddr_t)PTE_PFN(entry) << PAGE_SHIFT);
    if (!(table[slot % PTES_PER_TABLE] & PTE_P) ||
        PTE_PFN(table[slot % PTES_PER_TABLE]) != virt_to_phys(e->utcb) >> PAGE_SHIFT)
        check_fail("env: slot %u: its message page %08x is another frame", env_index(e),
                   e->utcb_va);
}

void check_spaces(void)
{
    collect();
    for (uint32_t i = 0; i < check_space_count; i++)
        check_space_of(i);
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        const struct env *e = &env_table[i];

        if (check_is_in_space(e) && is_space(e->aspace) &&
            check_is_low_frame(e->aspace->directory[USER_DIRECTORIES - 1]))
            check_utcb(e);
    }
}
