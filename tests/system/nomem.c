/* Out of memory: told to who asked, or the end of who faulted, and nobody else's. */
#include <stdio.h>
#include <stdlib.h>

#include "grain/ipc.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "tests/system/system.h"

#define SOME_US     20000u
#define SMALL       64u /* frames: enough for a small program, and for a fork of it */
#define COW_PAGES   1024u
#define HOG_LEAVES  (80u * test_cpus()) /* frames: each CPU has some that others cannot get */
#define EXEC_FRAMES 12u

#define CHILDREN_MAX 200u /* less than there can be processes */

static volatile uint32_t cow_pages[COW_PAGES][PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

static void touch(uintptr_t va, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++)
        *(volatile uint32_t *)(va + i * PAGE_SIZE) = i;
}

static int nothing(uintptr_t arg)
{
    (void)arg;
    return 0;
}

/* Lowers what one's own space may have to what it has, and `more`. */
static int limit_self(uint32_t more)
{
    struct aspace_usage usage;
    struct env_limits limits = {
        .syscalls = {PROC_SYSCALLS, 0},
        .send_count = ENV_SEND_ANY,
        .ports = {{1, 0}, {1, 0}, {1, 0}, {1, 0}},
        .priority = SCHED_PRIO_DEFAULT,
    };
    int error = aspace_info(0, &usage);

    if (error < 0)
        return error;
    limits.frames = usage.frames + more;
    return env_set_limits(0, &limits);
}

/* ---- The quota of a process. ---- */

static int touch_too_much(uintptr_t arg)
{
    uintptr_t va = 0;

    (void)arg;
    if (memory_map(&va, 64 * PAGE_SIZE, PERM_RW) < 0 || limit_self(8) < 0)
        return 1;
    touch(va, 64);
    return 2;
}

/* In a space full nearly to the limit, a child of the same size fits still: it is charged by itself. */
static int fork_full(uintptr_t arg)
{
    (void)arg;
    if (limit_self(4) < 0)
        return 1;
    return child_run(nothing, 0);
}

static void check_quota(void)
{
    const char *const much[] = {CHILD, "touch", "100", NULL};
    const char *const few[] = {CHILD, "touch", "10", NULL};
    char *const argv[] = {(char[]){CHILD}, (char[]){"status"}, NULL};

    CHECK(WNOMEMORY(child_run(touch_too_much, 0)), "nomem_zeroed_page");
    CHECK_EQ(child_run(fork_full, 0), 0, "nomem_fork_full");
    CHECK(WNOMEMORY(program_run(much, SMALL)), "nomem_spawned");
    CHECK_EQ(program_run(few, SMALL), 0, "nomem_spawned_fits");
    pid_t pid = spawn_limited(CHILD, argv, environ, 5);
    CHECK(pid == -E_QUOTA || pid == -E_NO_MEM, "nomem_spawn_tiny");
}

/* ---- The machine's memory. ---- */

static uint32_t frames_free(void)
{
    struct kernel_counters counters = {.free_frames = 0};

    (void)kernel_info(&counters);
    return counters.free_frames;
}

/* Takes all but a few, says so, and keeps them until it is ended. */
static int hog(uintptr_t ready)
{
    uint32_t pages = sysinfo()->total_frames / 5 * 2; /* within its quota */
    uintptr_t va = 0;

    if (memory_map(&va, pages * PAGE_SIZE, PERM_RW) < 0)
        return 1;
    for (uint32_t i = 0; i < pages && frames_free() > HOG_LEAVES; i++)
        touch(va + i * PAGE_SIZE, 1);
    printf("# a hog is full\n");
    *(volatile uint32_t *)ready = 1;
    for (;;)
        sleep(1000);
}

/* Waits for memory to be scarce; then writes to pages that the parent has, too. */
static int write_copies(uintptr_t ready)
{
    while (*(volatile uint32_t *)ready != 2)
        sleep_us(SOME_US);
    touch((uintptr_t)cow_pages, COW_PAGES);
    return 0;
}

/* Hogs, each within its quota. Returns how many run. */
static uint32_t start_hogs(pid_t *pids, uint32_t most, volatile uint32_t *ready)
{
    uint32_t count = 0;

    while (count < most && frames_free() > 2 * HOG_LEAVES) {
        *ready = 0;
        pids[count] = child_start(hog, (uintptr_t)ready);
        if (pids[count] < 0)
            break;
        while (*ready == 0 && waitpid(pids[count], NULL, WNOHANG) == 0)
            sleep_us(SOME_US);
        count++;
    }
    return count;
}

/* Shares what is left; below the limit of objects it is memory that there is none of. */
static int share_all(uintptr_t arg)
{
    int error = 0;

    for (uint32_t count = 0; error == 0; count++) {
        uint32_t key;

        if (count == 8)
            return (int)arg;
        error = shared_create(PAGER_SHARED_MAX, &key);
    }
    return -error;
}

static int sleep_on(uintptr_t arg)
{
    (void)arg;
    for (;;)
        sleep(1000);
}

/* Children that stay, until there is no memory for one more; or none for our own copy of a page after it. */
static int fork_until_full(uintptr_t arg)
{
    pid_t pid = 0;

    for (uint32_t i = 0; i < CHILDREN_MAX && pid >= 0; i++)
        pid = child_start(sleep_on, arg);
    return pid < 0 ? -pid : 100;
}

/* Those that a child has left behind: they are init's. */
static void end_orphans(void)
{
    struct proc_info info;

    for (pid_t pid = PROC_PID_INIT + 1; (pid = process_list(pid, &info)) > 0; pid++) {
        if (info.parent == PROC_PID_INIT && pid != getpid())
            (void)kill(pid);
    }
}

static void check_machine(void)
{
    static char name[] = CHILD, mode[] = "status";
    char *const argv[] = {name, mode, NULL};
    uint32_t key = 0;
    uintptr_t va = 0;
    size_t bytes;
    pid_t hogs[4];

    if (!CHECK(shared_create(PAGE_SIZE, &key) == 0 && shared_attach(key, PERM_RW, &va, &bytes) == 0,
               "nomem_shared"))
        return;
    touch((uintptr_t)cow_pages, COW_PAGES);
    struct kernel_counters before = counts_settled();
    volatile uint32_t *ready = word_at(va);
    *ready = 0;
    pid_t writer = child_start(write_copies, va);
    uint32_t count = start_hogs(hogs, 4, ready);
    CHECK(count > 0 && frames_free() <= 2 * HOG_LEAVES, "nomem_hogs");
    int error = spawnv(CHILD, argv);
    if (error > 0)
        (void)child_end(error);
    CHECK(error > 0 || error == -E_NO_MEM, "nomem_spawn");
    error = child_run(share_all, 0);
    CHECK(error == -E_NO_MEM || error == E_NO_MEM || WNOMEMORY(error), "nomem_shared_create");
    *ready = 2;
    CHECK(WNOMEMORY(child_end(writer)), "nomem_copy_on_write");
    error = child_run(fork_until_full, 0);
    CHECK(error == E_NO_MEM || WNOMEMORY(error), "nomem_fork");
    end_orphans();
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(waitpid(hogs[i], NULL, WNOHANG), 0, "nomem_hog_lives");
        CHECK_OK(kill(hogs[i]), "nomem_hog_kill");
        CHECK(WIFKILLED(child_end(hogs[i])), "nomem_hog_end");
    }
    CHECK_EQ(child_run(nothing, 0), 0, "nomem_over");
    CHECK(test_counts_settle(&before), "nomem_no_leak");
}

/* ---- exec. ---- */

/* The stack of the new program is made before anything changes: with no frame left that fails, and we
 * are still here. When there are frames for the stack, but not for the program, that is its end. */
static int exec_without_memory(uintptr_t ready)
{
    static char name[] = CHILD, mode[] = "touch", pages[] = "1000";
    char *const argv[] = {name, mode, pages, NULL};

    (void)ready;
    if (limit_self(EXEC_FRAMES) < 0)
        return 100;
    return -execv(CHILD, argv);
}

/* A fault that finds no memory is told of as an error here, as it is a message; what the next program ends by is
 * another. */
static int fault_after_exec(uintptr_t arg)
{
    static char name[] = CHILD, mode[] = "fault";
    char *const argv[] = {name, mode, NULL};
    struct ipc_msg msg = {.w = {0}};
    uintptr_t va = 0;

    (void)arg;
    if (memory_map(&va, 2 * SMALL * PAGE_SIZE, PERM_RW) < 0 || limit_self(SMALL) < 0)
        return 100;
    for (uint32_t i = 0; i < 2 * SMALL && (int32_t)msg.w[0] == 0; i++) {
        msg = (struct ipc_msg){.w = {IPC_LABEL_FAULT | 14u | 2u << 8, va + i * PAGE_SIZE}};
        if (ipc_call(process_servers.pager, &msg) < 0)
            return 101;
    }
    return (int32_t)msg.w[0] == 0 ? 102 : -execv(CHILD, argv);
}

static void check_exec(void)
{
    int status = child_run(fault_after_exec, 0);

    CHECK(WIFFAULTED(status) && WFAULT(status) == 14, "nomem_not_of_the_program_before");
    CHECK(WNOMEMORY(child_run(exec_without_memory, 0)), "nomem_exec");
}

int main(void)
{
    check_quota();
    check_exec();
    check_machine();
    return test_status();
}
