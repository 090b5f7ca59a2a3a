/* What processes cost, in nanoseconds of the machine's clock: under `--engine icount` these are instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grain/memory.h"
#include "grain/time.h"
#include "tests/user/test.h"

#define ROUNDS     20u
#define PAGES      64u
#define MORE_PAGES 128u

static uint32_t now_ns(void)
{
    return (uint32_t)(time_ticks() * 1000000 / sysinfo()->tsc_khz);
}

/* A fork whose child ends at once, and the wait for it. */
static uint32_t fork_round(void)
{
    uint32_t began = now_ns();
    pid_t pid = fork();

    if (pid == 0)
        exit(0);
    if (pid < 0 || waitpid(pid, NULL, 0) != pid)
        return 0;
    return now_ns() - began;
}

static uint32_t best_fork(void)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t ns = fork_round();

        best = ns < best ? ns : best;
    }
    return best;
}

/* Writes one word into each page; returns what a page took. */
static uint32_t touch(uintptr_t va, uint32_t pages)
{
    uint32_t began = now_ns();

    for (uint32_t i = 0; i < pages; i++)
        *(volatile uint32_t *)(va + i * PAGE_SIZE) = i;
    return (now_ns() - began) / pages;
}

/* Copy-on-write of both kinds: the parent writes while the child has the pages, too; then the child is
 * gone, and the parent writes to those that it has left. */
static void measure_cow(uintptr_t va)
{
    uint32_t shared;
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            sleep(1000);
    }
    shared = touch(va, PAGES / 2);
    CHECK_OK(kill(pid), "cost_kill");
    CHECK_EQ(waitpid(pid, NULL, 0), pid, "cost_wait");
    printf("# copy-on-write fault, copied: %u\n", (unsigned int)shared);
    printf("# copy-on-write fault, taken by the last sharer: %u\n",
           (unsigned int)touch(va + PAGES / 2 * PAGE_SIZE, PAGES / 2));
}

int main(void)
{
    uintptr_t va = 0;
    uintptr_t more = 0;
    uint32_t without;
    uint32_t with;

    without = best_fork();
    printf("# fork, exit, wait: %u\n", (unsigned int)without);
    CHECK_OK(memory_map(&va, PAGES * PAGE_SIZE, PERM_RW), "cost_map");
    printf("# fault on a zeroed page: %u\n", (unsigned int)touch(va, PAGES));
    measure_cow(va);
    without = best_fork();
    CHECK_OK(memory_map(&more, MORE_PAGES * PAGE_SIZE, PERM_RW), "cost_map_more");
    (void)touch(more, MORE_PAGES);
    with = best_fork();
    printf("# each page more: %u\n", (unsigned int)((with - without) / MORE_PAGES));
    CHECK(without != 0 && with != 0, "cost_forks");
    return test_status();
}
