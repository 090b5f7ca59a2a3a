/* Calls on memory: ranges and permissions at each boundary, what they do, what they are charged. */
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE  0x50000000u
#define PLACE2 0x58000000u
#define LONG   1500u /* pages of a range that takes many steps, and several page tables */

#define MIDWAY_PAGES 4096u /* of a call that takes longer than a thread's sleep */
#define MIDWAY_TRIES 200u

#define STOCK_PAGES 512u /* more than the kernel keeps zeroed */

#define VECTOR_PAGE_FAULT 14u

#define LAST_PAGE (USER_TOP - PAGE_SIZE)

struct range {
    uintptr_t va;
    uint32_t pages;
};

static const struct range bad_ranges[] = {
    {PLACE + 1, 1},
    {PLACE + 0x800, 1},
    {PLACE, 0},
    {USER_TOP, 1},
    {LAST_PAGE, 2},
    {UVPT_WINDOW, 1},
    {KERNEL_BASE, 1},
    {0xfffff000u, 1},
    {PLACE, PAGE_CALL_MAX + 1},
    {PLACE, 0xfffff},
    {PLACE, 0x100000},
    {PLACE, 0xffffffffu},
    {0, PAGE_CALL_MAX + 1},
    {0, 0x80000000u},
    {LAST_PAGE, 0xffffffffu},
    {PLACE, (USER_TOP - PLACE) / PAGE_SIZE + 1},
    {THIS_UTCB, 1},
    {USER_TOP - PAGE_CALL_MAX * PAGE_SIZE + PAGE_SIZE, PAGE_CALL_MAX},
};

static const uint32_t bad_perms[] = {
    0,
    PERM_P,
    PERM_U,
    PERM_W,
    PERM_U | PERM_W,
    PERM_P | PERM_W,
    PERM_X | PERM_U,
    PERM_R | 0x080u,
    PERM_R | 0x100u,
    PERM_R | 0x020u,
    PERM_R | 0x040u,
};

static bool all_ranges_refused(int (*call)(const struct range *range))
{
    bool good = true;

    for (uint32_t i = 0; i < sizeof(bad_ranges) / sizeof(bad_ranges[0]); i++) {
        int result = call(&bad_ranges[i]);

        if (result != -E_INVAL)
            printf("# va 0x%08x pages 0x%x: %d\n", (unsigned)bad_ranges[i].va, bad_ranges[i].pages,
                   result);
        good = result == -E_INVAL && good;
    }
    return good;
}

static bool all_perms_refused(int (*call)(uint32_t perm))
{
    bool good = true;

    for (uint32_t i = 0; i < sizeof(bad_perms) / sizeof(bad_perms[0]); i++) {
        int result = call(bad_perms[i]);

        if (result != -E_INVAL)
            printf("# perm 0x%03x: %d\n", bad_perms[i], result);
        good = result == -E_INVAL && good;
    }
    return good;
}

static int alloc_range(const struct range *r)
{
    return page_alloc(0, r->va, r->pages, PERM_RW);
}

static int unmap_range(const struct range *r)
{
    return page_unmap(0, r->va, r->pages);
}

static int protect_range(const struct range *r)
{
    return page_protect(0, r->va, r->pages, PERM_R);
}

static int map_from_range(const struct range *r)
{
    return page_map(0, r->va, 0, PLACE2 | PERM_R, r->pages);
}

/* The permissions are in the low bits, so the destination cannot be unaligned. */
static int map_to_range(const struct range *r)
{
    return r->va & PAGE_MASK ? -E_INVAL : page_map(0, PLACE2, 0, r->va | PERM_R, r->pages);
}

static int alloc_perm(uint32_t perm)
{
    return page_alloc(0, PLACE, 1, perm);
}

static int map_perm(uint32_t perm)
{
    return page_map(0, PLACE2, 0, PLACE | perm, 1);
}

static int protect_perm(uint32_t perm)
{
    return page_protect(0, PLACE2, 1, perm);
}

static void check_arguments(void)
{
    CHECK_OK(page_alloc(0, PLACE2, 1, PERM_RW), "memory_alloc");
    CHECK(all_ranges_refused(alloc_range), "memory_alloc_ranges");
    CHECK(all_ranges_refused(unmap_range), "memory_unmap_ranges");
    CHECK(all_ranges_refused(protect_range), "memory_protect_ranges");
    CHECK(all_ranges_refused(map_from_range), "memory_map_source_ranges");
    CHECK(all_ranges_refused(map_to_range), "memory_map_target_ranges");
    CHECK(all_perms_refused(alloc_perm), "memory_alloc_perms");
    CHECK(all_perms_refused(map_perm), "memory_map_perms");
    CHECK(all_perms_refused(protect_perm), "memory_protect_perms");
    CHECK_EQ(page_perm(PLACE), 0, "memory_refused_maps_nothing");
    CHECK_EQ(page_perm(PLACE2), PERM_RW, "memory_refused_changes_nothing");
    CHECK_ERROR(page_alloc(-1, PLACE, 1, PERM_RW), E_BAD_ENV, "memory_alloc_bad_env");
    CHECK_ERROR(page_unmap(0x7fffffff, PLACE, 1), E_BAD_ENV, "memory_unmap_bad_env");
    CHECK_ERROR(page_protect(-1, PLACE, 1, PERM_R), E_BAD_ENV, "memory_protect_bad_env");
    CHECK_ERROR(page_map(-1, PLACE2, 0, PLACE | PERM_R, 1), E_BAD_ENV, "memory_map_bad_source");
    CHECK_ERROR(page_map(0, PLACE2, -1, PLACE | PERM_R, 1), E_BAD_ENV, "memory_map_bad_target");
    CHECK_ERROR(page_map(0, PLACE, 0, PLACE2 | PERM_R, 1), E_INVAL, "memory_map_not_mapped");
    CHECK_ERROR(page_protect(0, PLACE, 1, PERM_R), E_INVAL, "memory_protect_not_mapped");
    CHECK_OK(page_unmap(0, PLACE, 1), "memory_unmap_not_mapped");
    CHECK_OK(page_unmap(0, 0x60000000, PAGE_CALL_MAX), "memory_unmap_call_max");
}

static void check_edges(void)
{
    CHECK_OK(page_alloc(0, 0, 1, PERM_RW), "memory_first_page");
    CHECK_EQ(*(volatile uint32_t *)8, 0, "memory_first_page_reads");
    CHECK_OK(page_unmap(0, 0, 1), "memory_first_page_unmap");
    uint32_t perm = page_perm(LAST_PAGE);
    if (perm == 0) {
        CHECK_OK(page_alloc(0, LAST_PAGE, 1, PERM_RW), "memory_last_page");
        CHECK_OK(page_unmap(0, LAST_PAGE, 1), "memory_last_page_unmap");
    }
    CHECK_EQ(page_perm(utcb()->va), PERM_RW, "memory_utcb_perm");
    CHECK_ERROR(page_unmap(0, utcb()->va, 1), E_INVAL, "memory_utcb_unmap");
    CHECK_ERROR(page_map(0, utcb()->va, 0, PLACE | PERM_R, 1), E_INVAL, "memory_utcb_map");
}

/* Long ranges: many steps, and what lies beside them is not touched. */
static bool long_is(uintptr_t va, uint32_t perm)
{
    bool good = page_perm(va - PAGE_SIZE) == 0 && page_perm(va + LONG * PAGE_SIZE) == 0;

    for (uint32_t i = 0; i < LONG && good; i++)
        good = page_perm(va + i * PAGE_SIZE) == perm;
    return good;
}

static void check_long(void)
{
    uintptr_t va = PLACE + 5 * PAGE_SIZE;
    uintptr_t va2 = PLACE2 + 511 * PAGE_SIZE;
    struct aspace_usage before = {.frames = 0};
    struct aspace_usage usage = {.frames = 0};
    bool good = true;

    CHECK_OK(aspace_info(0, &before), "memory_usage");
    CHECK_OK(page_alloc(0, va, LONG, PERM_RW), "memory_long_alloc");
    CHECK(long_is(va, PERM_RW), "memory_long_alloc_all");
    for (uint32_t i = 0; i < LONG; i++) {
        volatile uint32_t *word = (volatile uint32_t *)(va + i * PAGE_SIZE);

        good = good && word[0] == 0 && word[1023] == 0;
        *word = i + 1;
    }
    CHECK(good, "memory_long_zeroed");
    CHECK_OK(page_map(0, va, 0, va2 | PERM_R, LONG), "memory_long_map");
    CHECK(long_is(va2, PERM_R), "memory_long_map_all");
    for (uint32_t i = 0; i < LONG; i++)
        good = good && *(volatile uint32_t *)(va2 + i * PAGE_SIZE) == i + 1;
    CHECK(good, "memory_long_map_in_order");
    (void)aspace_info(0, &usage);
    CHECK_EQ(usage.frames - before.frames, 2 * LONG + 3 + 4, "memory_long_charge");
    CHECK_OK(page_protect(0, va, LONG, PERM_R), "memory_long_protect");
    CHECK(long_is(va, PERM_R), "memory_long_protect_all");
    CHECK_ERROR(page_protect(0, va, LONG + 1, PERM_RX), E_INVAL, "memory_long_protect_hole");
    CHECK_OK(page_unmap(0, PLACE, 0x3000), "memory_long_unmap");
    CHECK_EQ(page_perm(va) | page_perm(va + (LONG - 1) * PAGE_SIZE), 0, "memory_long_unmap_all");
    CHECK_EQ(page_table_entry(va) & PERM_P, 0, "memory_long_unmap_table");
    CHECK_OK(page_unmap(0, va2, LONG), "memory_long_unmap_exact");
    (void)aspace_info(0, &usage);
    CHECK_EQ(usage.frames, before.frames - 0, "memory_long_charge_back");
}

/* By int 0x30 the instruction itself is repeated. */
static void check_long_int(void)
{
    CHECK_OK(syscall5_int(SYS_page_alloc, 0, PLACE, LONG, PERM_RW, 0), "memory_long_int_alloc");
    CHECK_EQ(page_perm(PLACE + (LONG - 1) * PAGE_SIZE), PERM_RW, "memory_long_int_alloc_all");
    CHECK_OK(syscall5_int(SYS_page_unmap, 0, PLACE, LONG, 0, 0), "memory_long_int_unmap");
    CHECK_EQ(page_perm(PLACE + (LONG - 1) * PAGE_SIZE), 0, "memory_long_int_unmap_all");
}

static void check_replace(void)
{
    volatile uint32_t *a = (volatile uint32_t *)PLACE;
    volatile uint32_t *b = (volatile uint32_t *)(PLACE + PAGE_SIZE);
    struct kernel_counters before;
    struct kernel_counters now;

    CHECK_OK(page_alloc(0, PLACE, 2, PERM_RW), "memory_replace_alloc");
    kernel_info(&before);
    *a = 1;
    *b = 2;
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "memory_replace_by_alloc");
    CHECK_EQ(*a, 0, "memory_replace_by_alloc_zero");
    CHECK_OK(page_map(0, PLACE + PAGE_SIZE, 0, PLACE | PERM_RW, 1), "memory_replace_by_map");
    CHECK_EQ(*a, 2, "memory_replace_by_map_shares");
    *a = 3;
    CHECK_EQ(*b, 3, "memory_replace_writes_through");
    CHECK_OK(page_map(0, PLACE, 0, PLACE | PERM_R, 1), "memory_map_onto_itself");
    CHECK_EQ(page_perm(PLACE), PERM_R, "memory_map_onto_itself_perm");
    CHECK_EQ(*a, 3, "memory_map_onto_itself_kept");
    CHECK_ERROR(page_map(0, PLACE, 0, PLACE2 | PERM_RW, 1), E_INVAL, "memory_map_no_write_gain");
    CHECK_ERROR(page_protect(0, PLACE, 1, PERM_RW), E_INVAL, "memory_protect_no_write_gain");
    kernel_info(&now);
    CHECK_EQ(now.free_frames, before.free_frames + 1, "memory_replace_frees");
    CHECK_OK(page_unmap(0, PLACE, 2), "memory_replace_unmap");
}

static void check_perm_bits(void)
{
    uint32_t kept = PERM_RW | PERM_AVAIL;

    CHECK_OK(page_alloc(0, PLACE, 1, kept), "memory_avail_alloc");
    CHECK_EQ(page_perm(PLACE), kept, "memory_avail_kept");
    CHECK_OK(page_protect(0, PLACE, 1, PERM_R | 0x400u), "memory_avail_protect");
    CHECK_EQ(page_perm(PLACE), PERM_R | 0x400u, "memory_avail_changed");
    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW | PERM_X), "memory_rwx_when_asked");
    *(volatile uint8_t *)PLACE = 0xc3; /* ret */
    ((void (*)(void))PLACE)();
    CHECK_OK(page_unmap(0, PLACE, 1), "memory_rwx_ran");
}

/* Bodies for faults. */

static int write_at(void *arg)
{
    *(volatile uint32_t *)arg = 1;
    return 0;
}

static int read_at(void *arg)
{
    return *(volatile int *)arg & 0;
}

static int run_at(void *arg)
{
    ((void (*)(void))arg)();
    return 0;
}

static void check_enforced(void)
{
    void *place = (void *)PLACE;

    CHECK_OK(page_alloc(0, PLACE, 1, PERM_RW), "memory_enforced_alloc");
    *(volatile uint8_t *)PLACE = 0xc3;
    CHECK_CHILD(write_at, place, "memory_enforced_write");
    CHECK_FAULT(run_at, place, VECTOR_PAGE_FAULT, PLACE, "memory_no_execute");
    CHECK_OK(page_protect(0, PLACE, 1, PERM_RX), "memory_enforced_rx");
    CHECK_CHILD(run_at, place, "memory_execute");
    CHECK_FAULT(write_at, place, VECTOR_PAGE_FAULT, PLACE, "memory_text_no_write");
    CHECK_OK(page_protect(0, PLACE, 1, PERM_R), "memory_enforced_r");
    CHECK_CHILD(read_at, place, "memory_read");
    CHECK_FAULT(run_at, place, VECTOR_PAGE_FAULT, PLACE, "memory_no_execute_again");
    CHECK_OK(page_unmap(0, PLACE, 1), "memory_enforced_unmap");
    CHECK_FAULT(read_at, place, VECTOR_PAGE_FAULT, PLACE, "memory_unmapped_faults");
    CHECK_FAULT(write_at, (void *)UVPT_WINDOW, VECTOR_PAGE_FAULT, UVPT_WINDOW,
                "memory_uvpt_no_write");
    CHECK_FAULT(write_at, (void *)SYSINFO_WINDOW, VECTOR_PAGE_FAULT, SYSINFO_WINDOW,
                "memory_sysinfo_no_write");
    CHECK_FAULT(write_at, (void *)ENVS_WINDOW, VECTOR_PAGE_FAULT, ENVS_WINDOW,
                "memory_envs_no_write");
    CHECK_FAULT(write_at, (void *)THIS_UTCB, VECTOR_PAGE_FAULT, THIS_UTCB,
                "memory_this_utcb_no_write");
    CHECK_FAULT(write_at, (void *)VSYS_ENTER, VECTOR_PAGE_FAULT, VSYS_ENTER,
                "memory_vsys_no_write");
}

/* Another's memory: may be made writable by its controller. */
static void check_other(void)
{
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    CHECK_OK(page_alloc(id, PLACE, 1, PERM_R), "memory_other_alloc");
    CHECK_OK(page_protect(id, PLACE, 1, PERM_RW), "memory_other_write_gain");
    CHECK_OK(page_map(id, PLACE, 0, PLACE | PERM_RW, 1), "memory_other_map");
    *(volatile uint32_t *)PLACE = 7;
    CHECK_OK(page_unmap(id, PLACE, 1), "memory_other_unmap");
    CHECK_EQ(*(volatile uint32_t *)PLACE, 7, "memory_other_frame_stays");
    CHECK_ERROR(page_map(id, PLACE, 0, PLACE2 | PERM_R, 1), E_INVAL, "memory_other_gone");
    process_kill(id);
    CHECK_ERROR(page_alloc(id, PLACE, 1, PERM_RW), E_BAD_ENV, "memory_other_dead");
    CHECK_OK(page_unmap(0, PLACE, 1), "memory_other_end");
}

static int leave_later(void *arg)
{
    sleep_us((uint32_t)(uintptr_t)arg);
    return 0;
}

/* Memory for a thread that shares our space, and runs before us: true if it ended in the middle of the call. */
static bool alloc_midway(uint32_t us, envid_t *id)
{
    int result;

    *id = thread_create(leave_later, (void *)(uintptr_t)us);
    (void)!env_set_sched(0, SCHED_PRIO_DEFAULT - 1, SCHED_ANY_CPU);
    result = page_alloc(*id, PLACE, MIDWAY_PAGES, PERM_RW);
    (void)!env_set_sched(0, SCHED_PRIO_DEFAULT, SCHED_ANY_CPU);
    return result == -E_BAD_ENV && page_perm(PLACE) == PERM_RW;
}

/* A call that fails in the middle leaves nothing behind in the caller: the next begins at its own first page. */
static void check_midway(void)
{
    bool midway = false;
    uint32_t left = 0;

    for (uint32_t i = 0; i < MIDWAY_TRIES && !midway; i++) {
        envid_t id;

        midway = alloc_midway(i * 20, &id);
        (void)!page_unmap(0, PLACE, MIDWAY_PAGES); /* whatever it says, the next lines tell */
        for (uint32_t page = 0; page < MIDWAY_PAGES; page++)
            left += page_perm(PLACE + page * PAGE_SIZE) != 0;
        thread_kill(id);
    }
    CHECK(midway, "memory_midway_target_dies");
    CHECK_EQ(left, 0, "memory_midway_unmaps_all");
}

/* A new space: 4 frames, a table and a page for its UTCB. Then a table for PLACE. */
static void check_quota(void)
{
    uint32_t quota = 4 + 2 + 1 + 20;
    envid_t id = env_create(ENV_NEW_ASPACE, 0, quota, NOTIFY_CHILD);
    struct aspace_usage usage = {.frames = 0};

    CHECK_OK(aspace_info(id, &usage), "memory_quota_info");
    CHECK_EQ(usage.frames, 6, "memory_quota_empty_space");
    CHECK_EQ(usage.quota, quota, "memory_quota_value");
    CHECK_EQ(usage.envs, 1, "memory_quota_envs");
    CHECK_OK(page_alloc(id, PLACE, 20, PERM_RW), "memory_quota_exactly");
    CHECK_ERROR(page_alloc(id, PLACE + 20 * PAGE_SIZE, 1, PERM_RW), E_QUOTA,
                "memory_quota_one_more");
    CHECK_ERROR(page_map(0, USER_TEXT, id, USER_TEXT | PERM_R, 1), E_QUOTA, "memory_quota_map");
    CHECK_OK(page_alloc(id, PLACE, 20, PERM_RW), "memory_quota_replace");
    (void)aspace_info(id, &usage);
    CHECK_EQ(usage.frames, quota, "memory_quota_full");
    CHECK_ERROR(env_create(0, id, 0, 0), E_QUOTA, "memory_quota_env");
    CHECK_OK(page_unmap(id, PLACE, 20), "memory_quota_unmap");
    (void)aspace_info(id, &usage);
    CHECK_EQ(usage.frames, 6, "memory_quota_back");
    process_kill(id);
    CHECK_ERROR(env_create(ENV_NEW_ASPACE, 0, 5, 0), E_QUOTA, "memory_quota_no_utcb");
    CHECK_ERROR(aspace_info(id, &usage), E_BAD_ENV, "memory_quota_info_dead");
}

/* Pages that were somebody's become stock when a CPU is idle: nothing of what was in them is left. */
static void check_stock(void)
{
    struct kernel_counters now;
    uint32_t *words = (uint32_t *)PLACE;
    uint32_t words_count = STOCK_PAGES * (PAGE_SIZE / sizeof(*words));
    uint32_t left = 0;

    CHECK_OK(page_alloc(0, PLACE, STOCK_PAGES, PERM_RW), "memory_stock_before");
    memset(words, 0x5a, STOCK_PAGES * PAGE_SIZE);
    CHECK_OK(page_unmap(0, PLACE, STOCK_PAGES), "memory_stock_free");
    for (uint32_t i = 0; i < TEST_PATIENCE_MS; i++) {
        kernel_info(&now);
        if (now.zeroed_frames >= STOCK_PAGES / 4)
            break;
        sleep_us(1000);
    }
    CHECK(now.zeroed_frames >= STOCK_PAGES / 4 && now.zeroed_frames <= now.free_frames,
          "memory_stock_made");
    CHECK_OK(page_alloc(0, PLACE, STOCK_PAGES, PERM_RW), "memory_stock_alloc");
    for (uint32_t i = 0; i < words_count; i++)
        left += words[i] != 0;
    CHECK_EQ(left, 0, "memory_stock_is_zero");
    CHECK_OK(page_unmap(0, PLACE, STOCK_PAGES), "memory_stock_unmap");
}

/* All memory there is. */
static void check_exhaustion(void)
{
    struct kernel_counters before;
    struct kernel_counters now;
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    int result = 0;

    kernel_info(&before);
    for (uintptr_t va = PLACE; result == 0 && va < 0xb0000000u; va += 256 * PAGE_SIZE)
        result = page_alloc(id, va, 256, PERM_RW);
    CHECK_ERROR(result, E_NO_MEM, "memory_exhausted");
    for (uintptr_t va = PLACE2; va < PLACE2 + 0x1000000 && page_alloc(0, va, 1, PERM_RW) == 0;)
        va += PAGE_SIZE;
    int created = env_create(ENV_NEW_ASPACE, 0, 0, 0);
    CHECK_ERROR(created, E_NO_MEM, "memory_exhausted_create");
    CHECK_ERROR(page_alloc(0, 0x70000000u, 8, PERM_RW), E_NO_MEM, "memory_exhausted_table");
    CHECK_EQ(page_table_entry(0x70000000u) & PERM_P, 0, "memory_exhausted_no_table");
    CHECK_OK(page_unmap(0, PLACE2, 0x1000), "memory_exhausted_unmap");
    process_kill(id);
    for (uint32_t i = 0; i < TEST_PATIENCE_MS; i++) {
        kernel_info(&now);
        if (now.free_frames >= before.free_frames)
            break;
        sleep_us(1000);
    }
    CHECK_EQ(now.free_frames, before.free_frames + 6, "memory_exhausted_all_back");
}

int main(void)
{
    check_arguments();
    check_edges();
    CHECK_OK(page_unmap(0, PLACE2, 1), "memory_between");
    check_long();
    check_long_int();
    check_replace();
    check_perm_bits();
    check_enforced();
    check_other();
    check_midway();
    check_quota();
    check_stock();
    check_exhaustion();
    return test_status();
}
