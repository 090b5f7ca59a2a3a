/* page_info, page_copy, and PERM_HOLES: what a pager works with. */
#include <string.h>

#include "abi/errors.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE  0x50000000u
#define PLACE2 0x58000000u
#define FAR    0x70000000u /* no page table there */
#define LONG   700u        /* pages: many steps of a call, two page tables */
#define TABLE  0x200000u   /* what a page table maps */

#define LAST_PAGE (USER_TOP - PAGE_SIZE)

static volatile uint32_t *word(uintptr_t va)
{
    return (volatile uint32_t *)va;
}

/* The page that env has there. */
static bool page_is(envid_t env, uintptr_t va, uint32_t perm, uint32_t refs)
{
    int info = page_info(env, va);

    return info >= 0 && PAGE_INFO_PERM(info) == perm && PAGE_INFO_REFS(info) == refs;
}

static envid_t make_other(uint32_t quota)
{
    return env_create(ENV_NEW_ASPACE, 0, quota, NOTIFY_CHILD);
}

/* One that is not ours: init, which made us. */
static envid_t somebody(void)
{
    return env_record(env_self())->controller;
}

static envid_t dead_env(void)
{
    envid_t id = make_other(0);

    process_kill(id);
    return id;
}

/* ---- page_info ---- */

static void check_info(envid_t other)
{
    CHECK_EQ(page_info(0, PLACE), 0, "pages_info_nothing");
    CHECK_EQ(page_info(0, FAR), 0, "pages_info_no_table");
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "pages_info_alloc");
    CHECK(page_is(0, PLACE, PERM_RW, 1), "pages_info_one");
    CHECK(page_is(env_self(), PLACE, PERM_RW, 1), "pages_info_own_id");
    CHECK_OK(page_map(0, PLACE, 0, (PLACE + PAGE_SIZE) | PERM_RX | PERM_AVAIL, 1),
             "pages_info_map");
    CHECK(page_is(0, PLACE, PERM_RW, 2) && page_is(0, PLACE + PAGE_SIZE, PERM_RX | PERM_AVAIL, 2),
          "pages_info_two");
    CHECK_OK(page_map(0, PLACE, other, PLACE2 | PERM_R, 1), "pages_info_map_other");
    CHECK(page_is(0, PLACE, PERM_RW, 3) && page_is(other, PLACE2, PERM_R, 3), "pages_info_other");
    CHECK_EQ(page_info(other, PLACE), 0, "pages_info_other_nothing");
    *word(PLACE) = 1;
    CHECK(page_is(0, PLACE, PERM_RW, 3), "pages_info_without_dirty_bit");
    CHECK(page_unmap(0, PLACE, 2) == 0 && page_is(other, PLACE2, PERM_R, 1), "pages_info_back");
    CHECK_OK(page_unmap(other, PLACE2, 1), "pages_info_other_unmap");
}

static void check_info_errors(void)
{
    CHECK_EQ(page_info(0, LAST_PAGE), 0, "pages_info_last_page");
    CHECK_EQ(page_info(0, 0), 0, "pages_info_first_page");
    CHECK_ERROR(page_info(0, USER_TOP), E_INVAL, "pages_info_user_top");
    CHECK_ERROR(page_info(0, KERNEL_BASE), E_INVAL, "pages_info_kernel");
    CHECK_ERROR(page_info(0, 0xfffff000u), E_INVAL, "pages_info_end_of_memory");
    CHECK_ERROR(page_info(0, PLACE + 1), E_INVAL, "pages_info_unaligned");
    CHECK_ERROR(page_info(0, PLACE + PAGE_SIZE - 1), E_INVAL, "pages_info_unaligned_end");
    CHECK_ERROR(page_info(-1, PLACE), E_BAD_ENV, "pages_info_bad_id");
    CHECK_ERROR(page_info(dead_env(), PLACE), E_BAD_ENV, "pages_info_dead");
    CHECK_ERROR(page_info(somebody(), PLACE), E_BAD_ENV, "pages_info_not_ours");
}

/* ---- page_copy ---- */

static void check_copy(envid_t other)
{
    CHECK_OK(page_alloc(0, PLACE, 2, PERM_RW), "pages_copy_alloc");
    *word(PLACE) = 0x11;
    *word(PLACE + 2 * PAGE_SIZE - 4) = 0x22;
    CHECK_OK(page_copy(0, PLACE, 0, PLACE2 | PERM_RW, 2), "pages_copy");
    CHECK(*word(PLACE2) == 0x11 && *word(PLACE2 + 2 * PAGE_SIZE - 4) == 0x22,
          "pages_copy_contents");
    *word(PLACE2) = 0x33;
    CHECK_EQ(*word(PLACE), 0x11, "pages_copy_is_another");
    CHECK(page_is(0, PLACE, PERM_RW, 1) && page_is(0, PLACE2, PERM_RW, 1), "pages_copy_frames");
    CHECK_OK(page_copy(0, PLACE, other, PLACE2 | PERM_R, 2), "pages_copy_to_other");
    CHECK_OK(page_copy(other, PLACE2, 0, PLACE2 | PERM_RW, 1), "pages_copy_from_read_only");
    CHECK_EQ(*word(PLACE2), 0x11, "pages_copy_replaces");
    CHECK_EQ(*word(PLACE2 + 2 * PAGE_SIZE - 4), 0x22, "pages_copy_replaces_no_more");
    CHECK_OK(page_copy(0, PLACE, 0, (PLACE + PAGE_SIZE) | PERM_RW, 1), "pages_copy_overlap");
    CHECK_EQ(*word(PLACE + PAGE_SIZE), 0x11, "pages_copy_overlap_contents");
    CHECK(page_unmap(0, PLACE, 2) == 0 && page_unmap(0, PLACE2, 2) == 0 &&
              page_unmap(other, PLACE2, 2) == 0,
          "pages_copy_unmap");
}

/* Copy-on-write in one call: shared, then alone. */
static void check_copy_onto_itself(envid_t other)
{
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "pages_self_alloc");
    *word(PLACE) = 0x55;
    CHECK_OK(page_map(0, PLACE, other, PLACE | PERM_R, 1), "pages_self_share");
    CHECK_EQ(page_copy(other, PLACE, other, PLACE | PERM_RW, 1), 0, "pages_self_shared");
    CHECK(page_is(0, PLACE, PERM_RW, 1) && page_is(other, PLACE, PERM_RW, 1),
          "pages_self_separate");
    CHECK_EQ(page_copy(other, PLACE, other, PLACE | PERM_R, 1), PAGE_COPY_KEPT, "pages_self_kept");
    CHECK(page_is(other, PLACE, PERM_R, 1), "pages_self_permissions");
    CHECK_OK(page_map(other, PLACE, 0, PLACE2 | PERM_R, 1), "pages_self_look");
    CHECK_EQ(*word(PLACE2), 0x55, "pages_self_contents");
    CHECK_EQ(page_copy(other, PLACE, other, PLACE | PERM_RX, 1), 0, "pages_self_shared_again");
    CHECK_OK(page_map(0, PLACE, 0, (PLACE + PAGE_SIZE) | PERM_RW, 1), "pages_self_twice_here");
    CHECK_EQ(page_copy(0, PLACE, 0, PLACE | PERM_RW, 1), 0, "pages_self_mapped_twice");
    *word(PLACE) = 0x66;
    CHECK_EQ(*word(PLACE + PAGE_SIZE), 0x55, "pages_self_mapped_twice_separate");
    CHECK_EQ(page_copy(0, PLACE, 0, PLACE | PERM_RW, 2), 0, "pages_self_of_two_copies");
    CHECK_EQ(*word(PLACE), 0x66, "pages_self_of_two_contents");
    /* One more than a step of the call copies: the last step has one page, which is alone, too. */
    CHECK_OK(page_alloc(0, PLACE + 2 * PAGE_SIZE, 3, PERM_RW), "pages_self_five_alloc");
    CHECK_EQ(page_copy(0, PLACE, 0, PLACE | PERM_RW, 5), 0, "pages_self_of_five_copies");
    CHECK_EQ(*word(PLACE), 0x66, "pages_self_of_five_contents");
    CHECK(page_unmap(0, PLACE, 5) == 0 && page_unmap(0, PLACE2, 1) == 0 &&
              page_unmap(other, PLACE, 1) == 0,
          "pages_self_unmap");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE | PERM_RW, 1), E_INVAL, "pages_self_nothing");
}

static void check_copy_long(void)
{
    uintptr_t from = PLACE + TABLE - 16 * PAGE_SIZE;
    bool good = true;

    CHECK_OK(page_alloc(0, from, LONG, PERM_RW), "pages_copy_long_alloc");
    for (uint32_t i = 0; i < LONG; i++)
        *word(from + i * PAGE_SIZE) = i + 1;
    CHECK_OK(page_copy(0, from, 0, PLACE2 | PERM_R, LONG), "pages_copy_long");
    for (uint32_t i = 0; i < LONG; i++)
        good = good && *word(PLACE2 + i * PAGE_SIZE) == i + 1;
    CHECK(good, "pages_copy_long_contents");
    CHECK_OK(page_unmap(0, from + (LONG - 1) * PAGE_SIZE, 1), "pages_copy_hole");
    CHECK_ERROR(page_copy(0, from, 0, PLACE2 | PERM_R, LONG), E_INVAL, "pages_copy_hole_at_end");
    CHECK(page_unmap(0, from, LONG) == 0 && page_unmap(0, PLACE2, LONG) == 0,
          "pages_copy_long_unmap");
}

static void check_copy_errors(void)
{
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "pages_copy_errors_alloc");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE2 | PERM_RW, 2), E_INVAL, "pages_copy_not_mapped");
    CHECK_EQ(page_info(0, PLACE2), 0, "pages_copy_nothing_done");
    CHECK_ERROR(page_copy(0, PLACE + 4, 0, PLACE2 | PERM_RW, 1), E_INVAL, "pages_copy_unaligned");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE2 | PERM_RW, 0), E_INVAL, "pages_copy_no_pages");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE2 | PERM_RW, PAGE_CALL_MAX + 1), E_INVAL,
                "pages_copy_too_many");
    CHECK_ERROR(page_copy(0, USER_TOP, 0, PLACE2 | PERM_RW, 1), E_INVAL, "pages_copy_from_beyond");
    CHECK_ERROR(page_copy(0, PLACE, 0, USER_TOP | PERM_RW, 1), E_INVAL, "pages_copy_to_beyond");
    CHECK_ERROR(page_copy(0, PLACE, 0, LAST_PAGE | PERM_RW, 2), E_INVAL, "pages_copy_across_top");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE2 | PERM_P, 1), E_INVAL, "pages_copy_perm");
    CHECK_ERROR(page_copy(0, PLACE, 0, PLACE2 | PERM_RW | PERM_HOLES, 1), E_INVAL,
                "pages_copy_no_holes");
    CHECK_ERROR(page_copy(-1, PLACE, 0, PLACE2 | PERM_RW, 1), E_BAD_ENV, "pages_copy_bad_source");
    CHECK_ERROR(page_copy(0, PLACE, -1, PLACE2 | PERM_RW, 1), E_BAD_ENV, "pages_copy_bad_target");
    CHECK_ERROR(page_copy(dead_env(), PLACE, 0, PLACE2 | PERM_RW, 1), E_BAD_ENV,
                "pages_copy_dead_source");
    CHECK_ERROR(page_copy(0, PLACE, dead_env(), PLACE2 | PERM_RW, 1), E_BAD_ENV,
                "pages_copy_dead_target");
    CHECK_ERROR(page_copy(somebody(), USER_TEXT, 0, PLACE2 | PERM_RW, 1), E_BAD_ENV,
                "pages_copy_not_ours");
    CHECK_ERROR(page_copy(0, PLACE, somebody(), PLACE2 | PERM_RW, 1), E_BAD_ENV,
                "pages_copy_to_not_ours");
    CHECK_ERROR(page_copy(somebody(), PLACE, somebody(), PLACE | PERM_RW, 1), E_BAD_ENV,
                "pages_copy_within_not_ours");
    CHECK_OK(page_unmap(0, PLACE, 1), "pages_copy_errors_unmap");
}

/* A space: 4 frames, a table and a page for its message page; then a table for PLACE, and two pages. */
static void check_copy_quota(void)
{
    envid_t id = make_other(4 + 2 + 1 + 2);

    CHECK_OK(page_alloc(0, PLACE, 3, PERM_RW), "pages_quota_alloc");
    CHECK_ERROR(page_copy(0, PLACE, id, PLACE | PERM_RW, 3), E_QUOTA, "pages_quota_three");
    CHECK_EQ(page_info(id, PLACE), 0, "pages_quota_nothing_done");
    CHECK_OK(page_copy(0, PLACE, id, PLACE | PERM_RW, 2), "pages_quota_two");
    CHECK_OK(page_copy(0, PLACE, id, PLACE | PERM_RW, 2), "pages_quota_replaced");
    CHECK_ERROR(page_copy(0, PLACE, id, (PLACE + 2 * PAGE_SIZE) | PERM_RW, 1), E_QUOTA,
                "pages_quota_one_more");
    CHECK_OK(page_map(0, PLACE, id, PLACE | PERM_R, 1), "pages_quota_share");
    CHECK_EQ(page_copy(id, PLACE, id, PLACE | PERM_RW, 1), 0, "pages_quota_itself");
    CHECK_EQ(page_copy(id, PLACE, id, PLACE | PERM_RW, 1), PAGE_COPY_KEPT, "pages_quota_kept");
    process_kill(id);
    CHECK_OK(page_unmap(0, PLACE, 3), "pages_quota_unmap");
}

static uint32_t frames_free(void)
{
    struct kernel_counters counters;

    kernel_info(&counters);
    return counters.free_frames;
}

/* Without a frame for the copy; the page that nobody else has needs none. */
static void check_copy_memory(envid_t other)
{
    envid_t hog = make_other(0);
    uintptr_t va = PLACE2;
    int result;

    CHECK_OK(test_pin(0, 0), "pages_memory_pin"); /* other CPUs have free frames of their own */
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "pages_memory_alloc");
    CHECK_OK(page_map(0, PLACE, other, PLACE | PERM_R, 1), "pages_memory_share");
    CHECK_OK(page_alloc(other, PLACE + PAGE_SIZE, 1, PERM_R), "pages_memory_alone");
    uint32_t before = frames_free();
    for (uint32_t pages = 256; pages > 0; pages /= 4) {
        for (; (result = page_alloc(hog, va, pages, PERM_RW)) == 0; va += pages * PAGE_SIZE) {}
        CHECK_ERROR(result, E_NO_MEM, "pages_memory_full");
        va += 256 * PAGE_SIZE; /* steps of the call that failed have been done */
    }
    /* Frames that were too few for a page and its table: here there is a table. */
    for (va = PLACE + PAGE_SIZE; page_alloc(0, va, 1, PERM_RW) == 0; va += PAGE_SIZE) {}
    CHECK_ERROR(page_copy(other, PLACE, other, PLACE | PERM_RW, 1), E_NO_MEM, "pages_memory_none");
    CHECK(page_is(other, PLACE, PERM_R, 2), "pages_memory_unchanged");
    CHECK_EQ(page_copy(other, PLACE + PAGE_SIZE, other, (PLACE + PAGE_SIZE) | PERM_RW, 1),
             PAGE_COPY_KEPT, "pages_memory_kept");
    process_kill(hog);
    for (uint32_t i = 0; i < TEST_PATIENCE_MS && frames_free() < before; i++)
        sleep_us(1000);
    CHECK_OK(page_copy(other, PLACE, other, PLACE | PERM_RW, 1), "pages_memory_again");
    CHECK(page_unmap(other, PLACE, 2) == 0 && page_unmap(0, PLACE, (va - PLACE) >> PAGE_SHIFT) == 0,
          "pages_memory_unmap");
}

/* ---- PERM_HOLES ---- */

/* Pages 1 and 3 of five, and a far one behind a stretch without page table. */
static void make_holes(void)
{
    CHECK(page_alloc(0, PLACE + PAGE_SIZE, 1, PERM_RW) == 0 &&
              page_alloc(0, PLACE + 3 * PAGE_SIZE, 1, PERM_R) == 0 &&
              page_alloc(0, PLACE + 2 * TABLE, 1, PERM_RW) == 0,
          "pages_holes_alloc");
}

#define HOLES_SPAN (2 * TABLE / PAGE_SIZE + 1)

static void check_holes_map(envid_t other)
{
    CHECK_ERROR(page_map(0, PLACE, other, PLACE | PERM_R, 5), E_INVAL, "pages_holes_without");
    CHECK_OK(page_alloc(other, PLACE, 1, PERM_RW), "pages_holes_there_before");
    CHECK_OK(page_map(0, PLACE, other, PLACE | PERM_R | PERM_HOLES, HOLES_SPAN), "pages_holes_map");
    CHECK(page_is(other, PLACE, PERM_RW, 1), "pages_holes_leave_what_is_there");
    CHECK(page_is(other, PLACE + PAGE_SIZE, PERM_R, 2) &&
              page_is(other, PLACE + 3 * PAGE_SIZE, PERM_R, 2) &&
              page_is(other, PLACE + 2 * TABLE, PERM_R, 2),
          "pages_holes_mapped");
    CHECK(page_info(other, PLACE + 2 * PAGE_SIZE) == 0 && page_info(other, PLACE + TABLE) == 0,
          "pages_holes_stay");
    CHECK_ERROR(page_map(0, PLACE, other, PLACE | PERM_RW | PERM_HOLES, 5), E_INVAL,
                "pages_holes_no_right");
    CHECK_OK(page_map(0, PLACE, other, PLACE | PERM_RW | PERM_HOLES, 3), "pages_holes_right");
    CHECK_OK(page_map(0, FAR, other, FAR | PERM_RW | PERM_HOLES, 5), "pages_holes_alone");
    CHECK_EQ(page_info(other, FAR), 0, "pages_holes_alone_nothing");
    CHECK_OK(page_unmap(other, PLACE, HOLES_SPAN), "pages_holes_map_unmap");
}

static void check_holes_protect(void)
{
    CHECK_ERROR(page_protect(0, PLACE, 5, PERM_R), E_INVAL, "pages_protect_without");
    CHECK_ERROR(page_protect(0, PLACE, 5, PERM_RW | PERM_HOLES), E_INVAL, "pages_protect_no_right");
    CHECK(page_is(0, PLACE + PAGE_SIZE, PERM_RW, 1), "pages_protect_unchanged");
    CHECK_OK(page_protect(0, PLACE, HOLES_SPAN, PERM_RX | PERM_HOLES), "pages_protect");
    CHECK(page_is(0, PLACE + PAGE_SIZE, PERM_RX, 1) &&
              page_is(0, PLACE + 3 * PAGE_SIZE, PERM_RX, 1) &&
              page_is(0, PLACE + 2 * TABLE, PERM_RX, 1) && page_info(0, PLACE) == 0,
          "pages_protected");
    CHECK_OK(page_protect(0, FAR, 5, PERM_RW | PERM_HOLES), "pages_protect_alone");
    CHECK_EQ(page_info(0, FAR), 0, "pages_protect_alone_nothing");
}

/* What is shared read-only stays so, by way of a child of one's own as well; what nobody else has is one's own. */
static void check_protect_shared(envid_t other)
{
    envid_t child = make_other(0);

    CHECK_OK(page_alloc(other, FAR, 1, PERM_RW), "pages_shared_alloc");
    CHECK_OK(page_map(other, FAR, 0, FAR | PERM_R, 1), "pages_shared_here");
    CHECK_OK(page_map(0, FAR, child, FAR | PERM_R, 1), "pages_shared_child");
    CHECK_ERROR(page_protect(child, FAR, 1, PERM_RW), E_INVAL, "pages_shared_stays_read_only");
    CHECK(page_is(child, FAR, PERM_R, 3), "pages_shared_unchanged");
    CHECK_OK(page_protect(child, FAR, 1, PERM_RX), "pages_shared_execute");
    CHECK_OK(page_unmap(0, FAR, 1), "pages_shared_not_here");
    CHECK_ERROR(page_protect(child, FAR, 1, PERM_RW), E_INVAL, "pages_shared_with_owner");
    CHECK_OK(page_unmap(other, FAR, 1), "pages_shared_not_by_owner");
    CHECK_OK(page_protect(child, FAR, 1, PERM_RW), "pages_shared_no_longer");
    CHECK(page_is(child, FAR, PERM_RW, 1), "pages_shared_writable");
    process_kill(child);
}

static void check_holes_elsewhere(void)
{
    CHECK_ERROR(page_alloc(0, PLACE, 1, PERM_RW | PERM_HOLES), E_INVAL, "pages_holes_not_in_alloc");
    CHECK_ERROR(page_map(0, PLACE, 0, PLACE2 | PERM_HOLES, 1), E_INVAL, "pages_holes_no_perm");
    CHECK_ERROR(page_protect(0, PLACE, 1, PERM_HOLES), E_INVAL, "pages_holes_protect_no_perm");
    CHECK_ERROR(page_protect(0, USER_TOP, 1, PERM_R | PERM_HOLES), E_INVAL, "pages_holes_range");
}

int main(void)
{
    envid_t other = make_other(0);

    CHECK(other > 0, "pages_other");
    check_info(other);
    check_info_errors();
    check_copy(other);
    check_copy_onto_itself(other);
    check_copy_long();
    check_copy_errors();
    check_copy_quota();
    check_copy_memory(other);
    make_holes();
    check_holes_map(other);
    check_holes_protect();
    check_holes_elsewhere();
    CHECK_OK(page_unmap(0, PLACE, HOLES_SPAN), "pages_end");
    check_protect_shared(other);
    process_kill(other);
    return test_status();
}
