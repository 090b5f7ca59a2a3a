/* Processes: fork, exit and wait, and copy-on-write faults, by the system's servers. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grain/memory.h"
#include "grain/syscall.h"
#include "grain/time.h"
#include "tests/bench/bench.h"

#define FEW       256u
#define MANY      1024u
#define COW_PAGES 64u /* one for each sample, warm-up included */
#define COW_REPS  40u

static uintptr_t region;
static uint32_t region_pages;

static bool have_pages(uint32_t pages)
{
    region = 0;
    region_pages = pages;
    if (memory_map(&region, pages * PAGE_SIZE, PERM_RW) != 0)
        return false;
    for (uint32_t i = 0; i < pages; i++)
        *(volatile uint32_t *)(region + i * PAGE_SIZE) = i;
    return true;
}

static void drop_pages(void)
{
    bench_require(memory_unmap(region, region_pages * PAGE_SIZE) == 0);
}

static bool have_few(void)
{
    return have_pages(FEW);
}

static bool have_many(void)
{
    return have_pages(MANY);
}

static void fork_exit_wait(void)
{
    pid_t pid;
    pid_t waited;

    bench_begin();
    pid = fork();
    if (pid == 0)
        exit(0);
    waited = waitpid(pid, NULL, 0);
    bench_end();
    bench_require(pid > 0 && waited == pid);
}

/* ---- A write to a page that parent and child share. ---- */

static pid_t sharer;
static uint32_t next_page;

static void end_sharer(void)
{
    bench_require(kill(sharer) == 0 && waitpid(sharer, NULL, 0) == sharer);
}

static bool start_sharer(void)
{
    next_page = 0;
    if (!have_pages(COW_PAGES))
        return false;
    sharer = fork();
    if (sharer == 0) {
        for (;;)
            sleep(1000);
    }
    return sharer > 0;
}

static bool have_shared_once(void)
{
    if (!start_sharer())
        return false;
    end_sharer();
    return true;
}

static void write_next(void)
{
    volatile uint32_t *page = (volatile uint32_t *)(region + next_page * PAGE_SIZE);

    bench_require(next_page < COW_PAGES);
    next_page = (next_page + 1) % COW_PAGES;
    bench_begin();
    *page = 1;
    bench_end();
}

static void stop_sharer(void)
{
    end_sharer();
    drop_pages();
}

static bool have_untouched(void)
{
    region = 0;
    region_pages = COW_PAGES;
    next_page = 0;
    return memory_map(&region, COW_PAGES * PAGE_SIZE, PERM_RW) == 0;
}

static const struct bench_case cases[] = {
    {.name = "fork", .sample = fork_exit_wait},
    {.name = "fork_256",
     .reps = COW_REPS,
     .setup = have_few,
     .sample = fork_exit_wait,
     .teardown = drop_pages},
    {.name = "fork_1024",
     .reps = COW_REPS,
     .setup = have_many,
     .sample = fork_exit_wait,
     .teardown = drop_pages},
    {.name = "cow_copy",
     .reps = COW_REPS,
     .setup = start_sharer,
     .sample = write_next,
     .teardown = stop_sharer},
    {.name = "cow_last",
     .reps = COW_REPS,
     .setup = have_shared_once,
     .sample = write_next,
     .teardown = drop_pages},
    {.name = "demand_zero",
     .reps = COW_REPS,
     .setup = have_untouched,
     .sample = write_next,
     .teardown = drop_pages},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
