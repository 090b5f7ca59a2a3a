/* kernel/mm/aspace.h against a reference model: single facts. Random operations are in aspace_random.c. */
#include "kernel/mm/aspace.h"

#include "abi/errors.h"
#include "abi/perm.h"
#include "aspace_model.h"
#include "kernel/cpu.h"
#include "machine_host.h"
#include "panic_host.h"
#include "unit.h"

#define FRAMES 600u /* a zone */
#define QUOTA  400u

static struct model space;
static uint32_t pins[IPC_PAGES_MAX];

static void start(void)
{
    machine_init(FRAMES, FRAMES);
    memset(&lock_host_cpu, 0, sizeof(lock_host_cpu));
    space = (struct model){.as = aspace_create(QUOTA), .quota = QUOTA};
    CHECK(space.as != NULL);
}

/* Takes the space down in steps, and nothing is left. */
static void finish(void)
{
    uint32_t steps = 0;

    while (!aspace_teardown(space.as) && steps < 10000)
        steps++;
    CHECK(steps < 10000);
    CHECK_INT(machine_count_used(), 0);
    CHECK_INT(frame_count_free(), 2 * FRAMES);
}

/* Takes the page's frame into the model from where the real space has it. */
static void learn(uint32_t index, uint32_t pages, uint32_t perm)
{
    for (uint32_t i = index; i < index + pages; i++) {
        space.page[i].pfn = PTE_PFN(model_walk(space.as, 0, model_va(i)));
        space.page[i].perm = perm;
    }
}

static void forget(uint32_t index, uint32_t pages)
{
    memset(&space.page[index], 0, pages * sizeof(space.page[0]));
}

static void map(uint32_t index, uint32_t pages, uint32_t perm)
{
    CHECK_INT(aspace_alloc_pages(space.as, model_va(index), pages, perm), 0);
    learn(index, pages, perm);
}

static void aspace_range_is_checked(void)
{
    CHECK_INT(aspace_check_range(0, 1), 0);
    CHECK_INT(aspace_check_range(USER_TOP - PAGE_SIZE, 1), 0);
    CHECK_INT(aspace_check_range(0, USER_TOP >> PAGE_SHIFT), 0);
    CHECK_INT(aspace_check_range(0, 0), -E_INVAL);
    CHECK_INT(aspace_check_range(1, 1), -E_INVAL);
    CHECK_INT(aspace_check_range(USER_TOP, 1), -E_INVAL);
    CHECK_INT(aspace_check_range(USER_TOP - PAGE_SIZE, 2), -E_INVAL);
    CHECK_INT(aspace_check_range(PAGE_SIZE, USER_TOP >> PAGE_SHIFT), -E_INVAL);
    CHECK_INT(aspace_check_range(PAGE_SIZE, UINT32_MAX), -E_INVAL);
    CHECK_INT(aspace_check_range(PAGE_SIZE, 0x100001u), -E_INVAL); /* wraps in 32 bits */
    CHECK_INT(aspace_check_range(0xfffff000u, 1), -E_INVAL);
}

static void aspace_perm_is_checked(void)
{
    CHECK_INT(aspace_check_perm(PERM_R), 0);
    CHECK_INT(aspace_check_perm(PERM_RW | PERM_X | PERM_AVAIL), 0);
    CHECK_INT(aspace_check_perm(PERM_P), -E_INVAL);
    CHECK_INT(aspace_check_perm(PERM_U | PERM_W), -E_INVAL);
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        CHECK_INT(aspace_check_perm(PERM_R | bit), bit & ~PERM_ALL ? -E_INVAL : 0);
}

static void aspace_empty_costs_its_base(void)
{
    start();
    CHECK(model_holds(&space));
    CHECK_INT(machine_count_used(), ASPACE_BASE_FRAMES);
    finish();
}

static void aspace_create_needs_all_frames(void)
{
    for (uint32_t left = 0; left < ASPACE_BASE_FRAMES; left++) {
        machine_init(FRAMES, 0);
        (void)machine_take_frames(left);
        CHECK(aspace_create(QUOTA) == NULL);
        CHECK_INT(frame_count_free(), left);
    }
}

static void aspace_pages_are_zero_and_private(void)
{
    start();
    map(0, ASPACE_ALLOC_STEP, PERM_RW);
    CHECK(model_holds(&space));
    CHECK(model_counts_hold(&space, 1, 0));
    for (uint32_t i = 0; i < ASPACE_ALLOC_STEP; i++) {
        const char *page = host_memory + ((size_t)space.page[i].pfn << PAGE_SHIFT);

        CHECK(page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0);
        CHECK(space.page[i].pfn >= MACHINE_HIGH_FIRST);
    }
    finish();
}

static void aspace_rights_reach_the_entry(void)
{
    start();
    map(0, 1, PERM_R);
    map(1, 1, PERM_RX);
    map(2, 1, PERM_RW | PERM_AVAIL);
    CHECK((model_walk(space.as, 0, model_va(0)) & (PTE_P | PTE_U | PTE_W | PTE_NX)) ==
          (PTE_P | PTE_U | PTE_NX));
    CHECK((model_walk(space.as, 1, model_va(1)) & (PTE_W | PTE_NX)) == 0);
    CHECK((model_walk(space.as, 2, model_va(2)) & (PTE_W | PTE_NX)) == (PTE_W | PTE_NX));
    CHECK(model_holds(&space));
    finish();
}

static void aspace_new_page_replaces_old(void)
{
    uint32_t before;

    start();
    map(0, 1, PERM_RW);
    before = space.page[0].pfn;
    machine_shootdowns.count = 0;
    map(0, 1, PERM_R);
    CHECK(space.page[0].pfn != before);
    CHECK_INT(frame_refs(before), 0);
    CHECK_INT(machine_shootdowns.count, 1);
    CHECK(model_holds(&space));
    finish();
}

static void aspace_fresh_page_needs_no_shootdown(void)
{
    start();
    machine_shootdowns.count = 0;
    map(0, ASPACE_ALLOC_STEP, PERM_RW);
    CHECK_INT(machine_shootdowns.count, 0);
    finish();
}

static void aspace_table_goes_with_its_last_page(void)
{
    start();
    map(0, 2, PERM_RW);
    CHECK_INT(model_frames(&space), ASPACE_BASE_FRAMES + 3);
    CHECK_INT(aspace_unmap(space.as, model_va(0), 1), 1);
    forget(0, 1);
    CHECK(model_holds(&space));
    CHECK_INT(aspace_unmap(space.as, model_va(1), 1), 1);
    forget(1, 1);
    CHECK(model_holds(&space));
    CHECK_INT(machine_count_used(), ASPACE_BASE_FRAMES);
    finish();
}

static void aspace_unmap_skips_holes(void)
{
    uint32_t all = USER_TOP >> PAGE_SHIFT;
    uint32_t done = 0;
    uint32_t calls = 0;

    start();
    map(0, 1, PERM_RW);
    map(MODEL_ALL - 1, 1, PERM_RW);
    for (; done < all && calls < 100; calls++) {
        uint32_t step = aspace_unmap(space.as, done << PAGE_SHIFT, all - done);

        CHECK(step != 0 && step <= all - done);
        done += step;
    }
    CHECK_INT(done, all);
    CHECK(calls < 10);
    forget(0, MODEL_ALL);
    CHECK(model_holds(&space));
    finish();
}

static void aspace_unmap_step_is_bounded(void)
{
    start();
    for (uint32_t i = 0; i < 2 * MODEL_PAGES; i += ASPACE_ALLOC_STEP)
        CHECK_INT(
            aspace_alloc_pages(space.as, USER_TEXT + i * PAGE_SIZE, ASPACE_ALLOC_STEP, PERM_RW), 0);
    machine_shootdowns.count = 0;
    CHECK_INT(aspace_unmap(space.as, USER_TEXT, 2 * MODEL_PAGES), ASPACE_UNMAP_STEP);
    CHECK_INT(machine_shootdowns.count, 1);
    finish();
}

static void aspace_quota_is_exact(void)
{
    uint32_t limit = ASPACE_BASE_FRAMES + 1 + 3; /* a table and three pages */

    start();
    space.quota = limit;
    aspace_shrink_quota(space.as, limit);
    CHECK_INT(aspace_alloc_pages(space.as, model_va(0), 4, PERM_RW), -E_QUOTA);
    CHECK(model_holds(&space));
    CHECK_INT(machine_count_used(), ASPACE_BASE_FRAMES);
    map(0, 3, PERM_RW);
    CHECK_INT(aspace_alloc_pages(space.as, model_va(3), 1, PERM_RW), -E_QUOTA);
    map(0, 3, PERM_R); /* replacing costs nothing */
    CHECK(model_holds(&space));
    finish();
}

static void aspace_quota_never_below_use(void)
{
    struct aspace_usage usage;

    start();
    map(0, 4, PERM_RW);
    aspace_shrink_quota(space.as, 1);
    aspace_usage(space.as, &usage);
    CHECK_INT(usage.quota, usage.frames);
    aspace_shrink_quota(space.as, QUOTA); /* does not grow */
    aspace_usage(space.as, &usage);
    CHECK_INT(usage.quota, usage.frames);
    finish();
}

static void aspace_quota_has_a_floor(void)
{
    struct aspace_usage usage;

    start();
    finish();
    space.as = aspace_create(0);
    aspace_usage(space.as, &usage);
    CHECK_INT(usage.quota, ASPACE_BASE_FRAMES);
    finish();
}

static void aspace_pin_holds_frames(void)
{
    start();
    map(0, 2, PERM_RW);
    CHECK_INT(aspace_pin(space.as, model_va(0), 2, PERM_RW, pins), 0);
    CHECK(pins[0] == space.page[0].pfn && pins[1] == space.page[1].pfn);
    CHECK_INT(aspace_unmap(space.as, model_va(0), 2), 2);
    CHECK(frame_refs(pins[0]) == 1 && frame_refs(pins[1]) == 1);
    aspace_unpin(pins, 2);
    CHECK_INT(machine_count_used(), ASPACE_BASE_FRAMES);
    finish();
}

static void aspace_pin_all_or_none(void)
{
    start();
    map(0, 2, PERM_RW);
    map(3, 1, PERM_R);
    CHECK_INT(aspace_pin(space.as, model_va(0), 4, PERM_R, pins), -E_INVAL);  /* a hole */
    CHECK_INT(aspace_pin(space.as, model_va(3), 1, PERM_RW, pins), -E_INVAL); /* read-only */
    CHECK_INT(aspace_pin(space.as, model_va(MODEL_PAGES), 1, PERM_R, pins), -E_INVAL);
    CHECK(model_counts_hold(&space, 1, 0));
    finish();
}

static void aspace_moved_pages_go(void)
{
    start();
    map(0, 3, PERM_RW);
    CHECK_INT(aspace_pin(space.as, model_va(0), 3, PERM_R, pins), 0);
    map(1, 1, PERM_RW); /* another one meanwhile: it stays */
    aspace_unmap_pinned(space.as, model_va(0), 3, pins);
    forget(0, 1);
    forget(2, 1);
    CHECK(model_holds(&space));
    aspace_unpin(pins, 3);
    CHECK(model_counts_hold(&space, 1, 0));
    finish();
}

static void aspace_protect_all_or_none(void)
{
    start();
    map(0, 2, PERM_RW);
    map(3, 1, PERM_R);
    CHECK_INT(aspace_protect(space.as, model_va(0), 4, PERM_R, true), -E_INVAL);
    CHECK_INT(aspace_protect(space.as, model_va(3), 1, PERM_RW, false), -E_INVAL);
    CHECK(model_holds(&space));
    CHECK_INT(aspace_protect(space.as, model_va(3), 1, PERM_RW, true), 0);
    CHECK_INT(aspace_protect(space.as, model_va(0), 2, PERM_RX, false), 0);
    space.page[3].perm = PERM_RW;
    space.page[0].perm = PERM_RX;
    space.page[1].perm = PERM_RX;
    CHECK(model_holds(&space));
    finish();
}

static uint32_t protect_shootdowns(uint32_t perm)
{
    machine_shootdowns.count = 0;
    CHECK_INT(aspace_protect(space.as, model_va(0), 4, perm, true), 0);
    return machine_shootdowns.count;
}

static void aspace_only_lost_rights_shoot_down(void)
{
    start();
    map(0, 4, PERM_RW);
    CHECK_INT(protect_shootdowns(PERM_RW | PERM_X), 0);
    CHECK_INT(protect_shootdowns(PERM_RW), 1); /* not executable any more */
    CHECK_INT(protect_shootdowns(PERM_R), 1);
    CHECK_INT(protect_shootdowns(PERM_R), 0);
    CHECK_INT(protect_shootdowns(PERM_RW), 0);
    finish();
}

static void aspace_write_crosses_pages(void)
{
    static char text[2 * PAGE_SIZE];

    for (uint32_t i = 0; i < sizeof(text); i++)
        text[i] = (char)unit_random(256);
    start();
    map(0, 3, PERM_RW);
    CHECK_INT(aspace_write(space.as, model_va(0) + 100, text, sizeof(text)), 0);
    for (uint32_t i = 0; i < sizeof(text); i++) {
        uint32_t at = 100 + i;
        const char *page = host_memory + ((size_t)space.page[at / PAGE_SIZE].pfn << PAGE_SHIFT);

        if (page[at % PAGE_SIZE] != text[i])
            unit_fail(__FILE__, __LINE__, "a byte is not where it was written");
    }
    finish();
}

static void aspace_write_as_the_user_could(void)
{
    char byte = 1;

    start();
    map(0, 1, PERM_R);
    CHECK_INT(aspace_write(space.as, model_va(0), &byte, 1), -E_FAULT);
    CHECK_INT(aspace_write(space.as, model_va(1), &byte, 1), -E_FAULT);
    CHECK_INT(aspace_write(space.as, 0, &byte, 1), -E_FAULT);
    CHECK_INT(aspace_write(space.as, USER_TOP, &byte, 1), -E_FAULT);
    CHECK_INT(aspace_write(space.as, KERNEL_BASE, &byte, 1), -E_FAULT);
    CHECK_INT(aspace_write(space.as, UINT32_MAX, &byte, 1), -E_FAULT);
    finish();
}

static void aspace_utcbs_are_distinct(void)
{
    static bool seen[UTCB_SLOTS];
    void *kernel = NULL;
    uint32_t va = 0;

    machine_init(FRAMES, 0);
    memset(seen, 0, sizeof(seen));
    space = (struct model){.as = aspace_create(UINT32_MAX), .quota = UINT32_MAX};
    for (uint32_t i = 0; i < UTCB_SLOTS; i++) {
        CHECK_INT(aspace_utcb_alloc(space.as, &va, &kernel), 0);
        CHECK(va >= UTCB_AREA && va < UTCB_AREA + UTCB_SLOTS * UTCB_SIZE && va % UTCB_SIZE == 0);
        CHECK(!seen[(va - UTCB_AREA) / UTCB_SIZE]);
        CHECK(kernel == phys_to_virt((paddr_t)PTE_PFN(model_walk(space.as, 0, va)) << PAGE_SHIFT));
        seen[(va - UTCB_AREA) / UTCB_SIZE] = true;
    }
    CHECK_INT(aspace_utcb_alloc(space.as, &va, &kernel), -E_NO_FREE_ENV);
    aspace_utcb_free(space.as, UTCB_AREA + 7 * UTCB_SIZE);
    CHECK_INT(aspace_utcb_alloc(space.as, &va, &kernel), 0);
    CHECK_INT(va, UTCB_AREA + 7 * UTCB_SIZE);
    space.utcbs = UTCB_SLOTS;
    space.has_utcb_table = true;
    CHECK(model_holds(&space));
    while (!aspace_teardown(space.as)) {}
    CHECK_INT(machine_count_used(), 0);
}

static void aspace_utcb_without_quota_changes_nothing(void)
{
    void *kernel;
    uint32_t va;

    start();
    for (uint32_t spare = 0; spare < 2; spare++) {
        struct aspace *as = aspace_create(ASPACE_BASE_FRAMES + spare);
        uint32_t before = machine_count_used();

        CHECK_INT(aspace_utcb_alloc(as, &va, &kernel), -E_QUOTA);
        CHECK_INT(machine_count_used(), before);
        while (!aspace_teardown(as)) {}
    }
    finish();
}

/* With so many frames left; whether it worked. Nothing has changed if not. */
static bool utcb_with_frames(uint32_t left)
{
    void *kernel;
    uint32_t va;
    uint32_t taken;
    int error;

    start();
    taken = machine_take_frames(left);
    error = aspace_utcb_alloc(space.as, &va, &kernel);
    if (error == 0)
        return true;
    CHECK_INT(error, -E_NO_MEM);
    CHECK(model_holds(&space));
    CHECK_INT(machine_count_used(), ASPACE_BASE_FRAMES + taken);
    machine_give_frames();
    finish();
    return false;
}

static void aspace_utcb_without_memory_changes_nothing(void)
{
    uint32_t left = 0;

    while (left < 10 && !utcb_with_frames(left))
        left++;
    CHECK_INT(left, 2); /* the page and its table */
    machine_give_frames();
    finish();
}

/* The same for pages; `index` is where, ASPACE_ALLOC_STEP of them. */
static bool alloc_with_frames(uint32_t index, uint32_t left)
{
    uint32_t taken;
    int error;

    start();
    map(index + 3, 1, PERM_R);
    taken = machine_take_frames(left);
    error = aspace_alloc_pages(space.as, model_va(index), ASPACE_ALLOC_STEP, PERM_RW);
    if (error == 0) {
        learn(index, ASPACE_ALLOC_STEP, PERM_RW);
    } else {
        CHECK_INT(error, -E_NO_MEM);
        CHECK(model_counts_hold(&space, 1, taken));
    }
    CHECK(model_holds(&space));
    machine_give_frames();
    finish();
    return error == 0;
}

static void aspace_pages_without_memory_change_nothing(void)
{
    uint32_t edge =
        MODEL_PAGES + MODEL_PAGES / 2 - ASPACE_ALLOC_STEP / 2; /* a table ends in the middle */
    uint32_t left = 0;

    while (left < 20 && !alloc_with_frames(edge, left))
        left++;
    CHECK_INT(left, ASPACE_ALLOC_STEP + 1); /* one of the two tables is there */
    for (left = 0; left < 20 && !alloc_with_frames(0, left);)
        left++;
    CHECK_INT(left, ASPACE_ALLOC_STEP);
}

static bool insert_with_frames(uint32_t left)
{
    uint32_t edge = MODEL_PAGES + MODEL_PAGES / 2 - ASPACE_ALLOC_STEP / 2;
    uint32_t taken;
    int error;

    start();
    map(0, ASPACE_ALLOC_STEP, PERM_RW);
    CHECK_INT(aspace_pin(space.as, model_va(0), ASPACE_ALLOC_STEP, PERM_RW, pins), 0);
    taken = machine_take_frames(left);
    error = aspace_insert(space.as, model_va(edge), ASPACE_ALLOC_STEP, PERM_R, pins);
    if (error == 0) {
        learn(edge, ASPACE_ALLOC_STEP, PERM_R);
    } else {
        CHECK_INT(error, -E_NO_MEM);
        aspace_unpin(pins, ASPACE_ALLOC_STEP);
    }
    CHECK(model_holds(&space));
    CHECK(model_counts_hold(&space, 1, taken));
    machine_give_frames();
    finish();
    return error == 0;
}

static void aspace_insert_without_memory_changes_nothing(void)
{
    uint32_t left = 0;

    while (left < 10 && !insert_with_frames(left))
        left++;
    CHECK_INT(left, 2); /* two tables */
}

static void aspace_teardown_waits_for_users(void)
{
    uint32_t free;

    start();
    map(0, 1, PERM_RW);
    aspace_hold(space.as);
    for (uint32_t i = 0; i < 100; i++)
        CHECK(!aspace_teardown(space.as));
    free = frame_count_free();
    CHECK_INT(free, 2 * FRAMES - ASPACE_BASE_FRAMES - 2);
    CHECK(model_holds(&space));
    aspace_drop(space.as);
    finish();
}

/* A space like one that was taken down: its directories and page table need no zeroing, and are zero. */
static void aspace_tables_come_back_zeroed(void)
{
    uint32_t before;

    start();
    map(3, 2, PERM_RW);
    finish();
    before = machine_zeroed;
    space = (struct model){.as = aspace_create(QUOTA), .quota = QUOTA};
    CHECK_INT(machine_zeroed, before);
    map(3, 1, PERM_RW);
    CHECK_INT(machine_zeroed, before + 1); /* the page */
    CHECK(model_holds(&space));
    finish();
}

static void aspace_serials_differ(void)
{
    uint32_t first;

    start();
    first = space.as->serial;
    CHECK(first != 0);
    finish();
    space.as = aspace_create(QUOTA);
    CHECK(space.as->serial != first);
    finish();
}

int main(void)
{
    UNIT_RUN(aspace_range_is_checked);
    UNIT_RUN(aspace_perm_is_checked);
    UNIT_RUN(aspace_empty_costs_its_base);
    UNIT_RUN(aspace_create_needs_all_frames);
    UNIT_RUN(aspace_pages_are_zero_and_private);
    UNIT_RUN(aspace_rights_reach_the_entry);
    UNIT_RUN(aspace_new_page_replaces_old);
    UNIT_RUN(aspace_fresh_page_needs_no_shootdown);
    UNIT_RUN(aspace_table_goes_with_its_last_page);
    UNIT_RUN(aspace_unmap_skips_holes);
    UNIT_RUN(aspace_unmap_step_is_bounded);
    UNIT_RUN(aspace_quota_is_exact);
    UNIT_RUN(aspace_quota_never_below_use);
    UNIT_RUN(aspace_quota_has_a_floor);
    UNIT_RUN(aspace_pin_holds_frames);
    UNIT_RUN(aspace_pin_all_or_none);
    UNIT_RUN(aspace_moved_pages_go);
    UNIT_RUN(aspace_protect_all_or_none);
    UNIT_RUN(aspace_only_lost_rights_shoot_down);
    UNIT_RUN(aspace_write_crosses_pages);
    UNIT_RUN(aspace_write_as_the_user_could);
    UNIT_RUN(aspace_utcbs_are_distinct);
    UNIT_RUN(aspace_utcb_without_quota_changes_nothing);
    UNIT_RUN(aspace_utcb_without_memory_changes_nothing);
    UNIT_RUN(aspace_pages_without_memory_change_nothing);
    UNIT_RUN(aspace_insert_without_memory_changes_nothing);
    UNIT_RUN(aspace_teardown_waits_for_users);
    UNIT_RUN(aspace_tables_come_back_zeroed);
    UNIT_RUN(aspace_serials_differ);
    return unit_done();
}
