/* Memory of a process: what it asks for, what it may touch, what is shared, who pays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/pager.h"
#include "grain/layout.h"
#include "grain/memory.h"
#include "grain/mutex.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/system/system.h"

#define PAGES       8u
#define SOME_US     20000u
#define ADD_ROUNDS  20000u
#define ADD_THREADS 4u

static int touch_at(uintptr_t va)
{
    *(volatile uint32_t *)va = 1;
    return 0;
}

static int read_at(uintptr_t va)
{
    (void)*(volatile uint32_t *)va;
    return 0;
}

static int jump_to(uintptr_t va)
{
    ((void (*)(void))va)();
    return 0;
}

static bool faults(int (*fn)(uintptr_t arg), uintptr_t va)
{
    int status = child_run(fn, va);

    return WIFFAULTED(status) && WFAULT(status) == 14;
}

static struct pager_stats stats_now(void)
{
    struct pager_stats stats = {.spaces = 0};

    (void)pager_stats(&stats);
    return stats;
}

/* ---- map, unmap, sbrk ---- */

static void check_map(void)
{
    uintptr_t va = 0;
    uintptr_t other = 0;
    uint32_t sum = 0;

    if (!CHECK_OK(memory_map(&va, PAGES * PAGE_SIZE - 5, PERM_RW), "map"))
        return;
    for (uint32_t i = 0; i < PAGES * PAGE_SIZE / 4; i++)
        sum += ((volatile uint32_t *)va)[i];
    CHECK_EQ(sum, 0, "map_zeroed");
    CHECK(faults(touch_at, va + PAGES * PAGE_SIZE) && faults(touch_at, va - 4), "map_guards");
    CHECK(faults(jump_to, va), "map_no_execute");
    other = va + PAGE_SIZE;
    CHECK_ERROR(memory_map(&other, PAGE_SIZE, PERM_RW), E_BUSY, "map_taken");
    CHECK_OK(memory_unmap(va + PAGE_SIZE, PAGE_SIZE), "unmap_middle");
    CHECK(faults(read_at, va + PAGE_SIZE), "unmap_gone");
    CHECK(child_run(touch_at, va) == 0 && child_run(touch_at, va + 2 * PAGE_SIZE) == 0,
          "unmap_rest_is_there");
    CHECK_OK(memory_map(&other, PAGE_SIZE, PERM_R), "map_at");
    CHECK(child_run(read_at, other) == 0 && faults(touch_at, other), "map_read_only");
    CHECK_OK(memory_unmap(va, PAGES * PAGE_SIZE), "unmap");
}

static void check_map_errors(void)
{
    uintptr_t va = 0;

    CHECK_ERROR(memory_map(&va, 0, PERM_RW), E_INVAL, "map_nothing");
    CHECK_ERROR(memory_map(&va, 0xffffffff, PERM_RW), E_INVAL, "map_all");
    CHECK_ERROR(memory_map(&va, 0x70000000, PERM_RW), E_NO_MEM, "map_too_much");
    CHECK_ERROR(memory_map(&va, PAGE_SIZE, PERM_W), E_INVAL, "map_perm");
    CHECK_ERROR(memory_map(&va, PAGE_SIZE, PERM_RW | PERM_X), E_INVAL, "map_write_execute");
    va = 0x50000001;
    CHECK_ERROR(memory_map(&va, PAGE_SIZE, PERM_RW), E_INVAL, "map_unaligned");
    va = USER_TOP - PAGE_SIZE;
    CHECK_ERROR(memory_map(&va, 2 * PAGE_SIZE, PERM_RW), E_INVAL, "map_beyond");
    CHECK_ERROR(memory_unmap(0x50000001, PAGE_SIZE), E_INVAL, "unmap_unaligned");
    CHECK_ERROR(memory_unmap(USER_TOP, PAGE_SIZE), E_INVAL, "unmap_beyond");
    CHECK_OK(memory_unmap(0x58000000, PAGE_SIZE), "unmap_nothing_there");
}

static void check_regions(void)
{
    uintptr_t vas[40];
    uint32_t count = 0;
    int error = 0;

    for (; count < 40 && error == 0; count++) {
        vas[count] = 0;
        error = memory_map(&vas[count], PAGE_SIZE, PERM_RW);
    }
    CHECK(error == -E_NO_MEM && count > 16, "map_too_many");
    while (count-- > 0) {
        if (vas[count] != 0)
            (void)memory_unmap(vas[count], PAGE_SIZE);
    }
}

static void check_break(void)
{
    char *old = sbrk(0);

    CHECK(sbrk(3 * PAGE_SIZE) == old && sbrk(0) == old + 3 * PAGE_SIZE, "sbrk_grows");
    memset(old, 1, 3 * PAGE_SIZE);
    CHECK(sbrk(-2 * (intptr_t)PAGE_SIZE) == old + 3 * PAGE_SIZE, "sbrk_shrinks");
    CHECK(faults(read_at, (uintptr_t)old + 3 * PAGE_SIZE - 4), "sbrk_gives_back");
    CHECK(sbrk(2 * PAGE_SIZE) != (void *)-1 && old[3 * PAGE_SIZE - 1] == 0, "sbrk_zeroed_again");
    CHECK(sbrk(-3 * (intptr_t)PAGE_SIZE) != (void *)-1 && sbrk(0) == old, "sbrk_back");
    CHECK(sbrk(0x7fffffff) == (void *)-1, "sbrk_too_much");
    CHECK(sbrk(-0x7fffffff) == (void *)-1, "sbrk_below");
}

/* ---- Stack. ---- */

static void check_stack(void)
{
    const char *const deep[] = {CHILD, "stack", "200", NULL};
    const char *const over[] = {CHILD, "stack", "300", NULL};

    CHECK_EQ(program_run(deep, 0), 0, "stack_grows");
    CHECK_EQ(program_run(over, 0), 0xe0200, "stack_ends");
}

/* ---- Copy on write, and frames that are shared. ---- */

static int take_two(uintptr_t va)
{
    (void)touch_at(va);
    sleep_us(SOME_US);
    return 0;
}

static void check_copy_on_write(void)
{
    uintptr_t va = 0;

    if (!CHECK_OK(memory_map(&va, PAGE_SIZE, PERM_RW), "cow_map"))
        return;
    *(volatile uint32_t *)va = 5;
    struct pager_stats before = stats_now();
    pid_t pid = child_start(take_two, va);
    while (PAGE_INFO_REFS(page_info(0, va)) > 1)
        sleep_us(SOME_US / 10);
    *(volatile uint32_t *)va += 1; /* the child has copied: this is the last one */
    CHECK_EQ(child_end(pid), 0, "cow_child");
    struct pager_stats after = stats_now();
    CHECK(after.copied > before.copied && after.taken > before.taken, "cow_both_kinds");
    CHECK_EQ(*(volatile uint32_t *)va, 6, "cow_parent");
    CHECK_EQ(PAGE_INFO_REFS(page_info(0, va)), 1, "cow_one_owner");
    CHECK(after.spaces == before.spaces, "cow_spaces");
}

/* Two processes run from the same frames of text, which are those of the boot image. */
static void check_text(void)
{
    uint32_t key = 0;
    uintptr_t va = 0;
    size_t bytes;
    char text[12];
    uint32_t frames[2];

    if (!CHECK(shared_create(PAGE_SIZE, &key) == 0 && shared_attach(key, PERM_RW, &va, &bytes) == 0,
               "text_shared_memory"))
        return;
    snprintf(text, sizeof(text), "0x%x", (unsigned int)key);
    const char *const argv[] = {CHILD, "text", text, NULL};
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(program_run(argv, 0), 0, i == 0 ? "text_first" : "text_second");
        frames[i] = *word_at(va);
    }
    CHECK(frames[0] != 0 && frames[0] == frames[1], "text_frames_shared");
    CHECK(PAGE_INFO_REFS(page_info(0, USER_TEXT)) >= 2, "text_frame_counted");
    CHECK_OK(memory_unmap(va, bytes), "text_unmap");
}

/* ---- Shared memory. ---- */

static int add_shared(uintptr_t va)
{
    __atomic_fetch_add((uint32_t *)va, 1, __ATOMIC_RELAXED);
    return 0;
}

static int attach_and_add(uintptr_t key)
{
    uintptr_t va;
    size_t bytes;

    if (shared_attach((uint32_t)key, PERM_RW, &va, &bytes) < 0 || bytes != 2 * PAGE_SIZE)
        return 1;
    return add_shared(va + PAGE_SIZE);
}

static int read_only(uintptr_t key)
{
    uintptr_t va;
    size_t bytes;

    if (shared_attach((uint32_t)key, PERM_R, &va, &bytes) < 0)
        return 1;
    (void)read_at(va);
    return touch_at(va);
}

static void check_shared(void)
{
    uint32_t key = 0;
    uint32_t big = 0;
    uintptr_t va = 0;
    size_t bytes = 0;
    struct pager_stats before = stats_now();

    CHECK_OK(shared_create(2 * PAGE_SIZE, &key), "shared_create");
    CHECK(shared_attach(key, PERM_RW, &va, &bytes) == 0 && bytes == 2 * PAGE_SIZE, "shared_attach");
    CHECK(child_run(add_shared, va) == 0 && *(volatile uint32_t *)va == 1, "shared_with_child");
    CHECK(child_run(attach_and_add, key) == 0 && *(volatile uint32_t *)(va + PAGE_SIZE) == 1,
          "shared_by_key");
    CHECK(WIFFAULTED(child_run(read_only, key)), "shared_read_only");
    CHECK_OK(memory_unmap(va, PAGE_SIZE), "shared_unmap_part");
    CHECK_EQ(child_run(add_shared, va + PAGE_SIZE), 0, "shared_rest");
    CHECK_OK(memory_unmap(va + PAGE_SIZE, PAGE_SIZE), "shared_unmap");
    CHECK_ERROR(shared_create(0, &big), E_INVAL, "shared_nothing");
    CHECK_ERROR(shared_create(PAGER_SHARED_MAX + 1, &big), E_NO_MEM, "shared_too_much");
    CHECK_ERROR(shared_attach(key ^ 0x10000, PERM_RW, &va, &bytes), E_INVAL, "shared_no_key");
    CHECK_ERROR(shared_attach(0, PERM_RW, &va, &bytes), E_INVAL, "shared_key_0");
    CHECK_ERROR(shared_attach(key, PERM_W, &va, &bytes), E_INVAL, "shared_perm");
    CHECK_EQ(stats_now().shared, before.shared + 1, "shared_lives");
}

static int create_many(uintptr_t arg)
{
    uint32_t key;
    uint32_t count = 0;

    (void)arg;
    while (shared_create(PAGE_SIZE, &key) == 0)
        count++;
    return (int)count;
}

static void check_shared_limit(void)
{
    struct pager_stats before = stats_now();

    CHECK_EQ(child_run(create_many, 0), 8, "shared_limit");
    CHECK_EQ(stats_now().shared, before.shared, "shared_end_with_creator");
}

/* ---- Threads. ---- */

static struct mutex mutex = MUTEX_INITIAL;
static volatile uint32_t counter;

static int add(void *arg)
{
    for (uint32_t i = 0; i < ADD_ROUNDS; i++) {
        mutex_lock(&mutex);
        counter = counter + 1;
        mutex_unlock(&mutex);
    }
    return (int)(uintptr_t)arg;
}

static int use_heap(void *arg)
{
    uint32_t state = (uint32_t)(uintptr_t)arg + 1;
    unsigned char *blocks[16] = {NULL};

    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t at = rand_below(&state, 16);
        uint32_t size = 1 + rand_below(&state, 3000);

        if (blocks[at] != NULL && blocks[at][0] != (unsigned char)(uintptr_t)arg)
            return 1; /* NOLINT(clang-analyzer-unix.Malloc): the process ends */
        free(blocks[at]);
        blocks[at] = malloc(size);
        if (blocks[at] == NULL)
            return 2;
        memset(blocks[at], (int)(uintptr_t)arg, size);
    }
    for (uint32_t i = 0; i < 16; i++)
        free(blocks[i]);
    return 0;
}

/* Runs fn in ADD_THREADS threads; returns the sum of their results, or -1. */
static int run_threads(int (*fn)(void *arg))
{
    envid_t threads[ADD_THREADS];
    int sum = 0;

    for (uint32_t i = 0; i < ADD_THREADS; i++)
        threads[i] = thread_create(fn, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i < ADD_THREADS; i++) {
        struct env_death death;

        if (thread_join(threads[i], &death) < 0)
            return -1;
        sum += (int)death.status;
    }
    return sum;
}

static int wait_for_stop(void *arg)
{
    (void)arg;
    sleep_us(SOME_US);
    return 9;
}

static void check_threads(void)
{
    struct env_death death = {.status = 0};

    CHECK_EQ(run_threads(add), 6, "thread_results");
    CHECK_EQ(counter, ADD_THREADS * ADD_ROUNDS, "mutex_excludes");
    CHECK_EQ(run_threads(use_heap), 0, "malloc_threads");
    envid_t thread = thread_create(wait_for_stop, NULL);
    CHECK(thread_join(thread, &death) == 0 && death.status == 9, "thread_join_waits");
    CHECK_ERROR(thread_join(thread, NULL), E_BAD_ENV, "thread_join_twice");
    CHECK_ERROR(thread_join(env_self(), NULL), E_BAD_ENV, "thread_join_self");
    CHECK(mutex_try(&mutex) && !mutex_try(&mutex), "mutex_try");
    mutex_unlock(&mutex);
    CHECK(!(env_create(0, 0, 0, 1) != -E_PERM), "thread_not_past_proc");
}

/* A thread's fault may be looked at after another thread has written to that page and ended. It is no more than a
 * message that comes late: this one is sent so. */
static void check_late_fault(void)
{
    struct ipc_msg msg = {.w = {IPC_LABEL_FAULT | 14u | 2u << 8}};
    uintptr_t va = 0;

    CHECK_OK(memory_map(&va, PAGE_SIZE, PERM_RW), "late_fault_map");
    *word_at(va) = 7;
    msg.w[1] = va;
    CHECK_EQ(run_threads(add), 6, "late_fault_threads");
    CHECK_OK(server_call(SERVER_PAGER, 0, &msg, NULL), "late_fault_answer");
    CHECK_EQ(*word_at(va), 7, "late_fault_takes_nothing");
    CHECK_OK(memory_unmap(va, PAGE_SIZE), "late_fault_unmap");
}

/* Faults on all CPUs at once. */
#define FAULT_PAGES  64u
#define FAULT_ROUNDS 50u /* a hang detector: until two workers of the pager have had some */
#define FAULT_SOME   16u /* dispatches of a worker in a round */

static int fault_on(uintptr_t cpu)
{
    uintptr_t va = 0;
    int wrong = 0;

    if (test_pin(0, (uint32_t)cpu) != 0 || memory_map(&va, FAULT_PAGES * PAGE_SIZE, PERM_RW) != 0)
        return 1;
    for (uint32_t i = 0; i < FAULT_PAGES; i++)
        *word_at(va + i * PAGE_SIZE) += (uint32_t)cpu + i;
    for (uint32_t i = 0; i < FAULT_PAGES; i++)
        wrong += *word_at(va + i * PAGE_SIZE) != cpu + i;
    return wrong == 0 ? 0 : 2;
}

static bool fault_on_all(void)
{
    pid_t children[GRAIN_MAX_CPUS];
    bool good = true;

    for (uint32_t i = 0; i < test_cpus(); i++)
        children[i] = child_start(fault_on, i);
    for (uint32_t i = 0; i < test_cpus(); i++)
        good = child_end(children[i]) == 0 && good;
    return good;
}

/* The most envs of one address space that ran since `before`: the pager's, here. */
static uint32_t workers_that_ran(const uint32_t *before)
{
    const struct env_public *all = (const struct env_public *)ENVS_WINDOW;
    uint32_t most = 0;

    for (uint32_t i = 0; i < ENV_MAX; i++) {
        uint32_t count = 0;

        for (uint32_t j = 0; j < ENV_MAX && all[i].status != ENV_FREE; j++)
            count += all[j].status != ENV_FREE && all[j].aspace == all[i].aspace &&
                     all[j].runs - before[j] >= FAULT_SOME;
        most = count > most ? count : most;
    }
    return most;
}

static void check_faults_on_all_cpus(void)
{
    const struct env_public *all = (const struct env_public *)ENVS_WINDOW;
    static uint32_t before[ENV_MAX];
    uint32_t workers = 0;
    bool good = true;

    for (uint32_t round = 0; round < FAULT_ROUNDS && workers < 2; round++) {
        for (uint32_t i = 0; i < ENV_MAX; i++)
            before[i] = all[i].runs;
        good = fault_on_all() && good;
        workers = workers_that_ran(before);
    }
    CHECK(good, "faults_on_all_cpus");
    if (test_cpus() > 1)
        CHECK(workers >= 2, "faults_served_by_two");
}

int main(void)
{
    check_map();
    check_map_errors();
    check_regions();
    check_break();
    check_stack();
    check_copy_on_write();
    check_text();
    check_shared();
    check_shared_limit();
    check_threads();
    check_late_fault();
    check_faults_on_all_cpus();
    return test_status();
}
