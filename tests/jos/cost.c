/* What the calls cost, TSC ticks each: with `--engine icount` instructions. No test.
 *
 *     tools/grain run --jos --engine icount --append log=error jos_cost
 */
#include "tests/jos/test.h"
#include <inc/x86.h>

#define TIMES 16
#define PLACE ((void *)0x10000000)

static uint64_t ticks[TIMES];

/* The least of those noted, less what reading the clock costs: interrupts and first times drop out. */
static uint32_t least(void)
{
    uint64_t before = read_tsc();
    uint64_t clock = read_tsc() - before;
    uint64_t min = ticks[0];

    for (int i = 1; i < TIMES; i++)
        min = MIN(min, ticks[i]);
    return (uint32_t)(min - clock);
}

#define MEASURE(name, before, what)              \
    do {                                         \
        for (int i = 0; i < TIMES; i++) {        \
            uint64_t start;                      \
                                                 \
            before;                              \
            start = read_tsc();                  \
            what;                                \
            ticks[i] = read_tsc() - start;       \
        }                                        \
        cprintf("%-44s %8u\n", (name), least()); \
    } while (0)

/* Answers what comes, with a page where one was sent, until 0 comes. */
static void echo(bool with_page)
{
    envid_t who;
    uint32_t value;

    while ((value = (uint32_t)ipc_recv(&who, with_page ? PLACE : NULL, NULL)) != 0)
        ipc_send(who, value, with_page ? PLACE : NULL, PTE_RW);
    exit();
}

static void measure_ipc(const char *name, bool with_page)
{
    envid_t child = fork();
    void *pg = with_page ? PLACE : NULL;

    if (child == 0)
        echo(with_page);
    sys_page_alloc(0, PLACE, PTE_RW);
    MEASURE(name, (void)0, ipc_send(child, 1, pg, PTE_RW); ipc_recv(NULL, pg, NULL));
    ipc_send(child, 0, NULL, 0);
    test_wait(child);
}

static void measure_yield(void)
{
    envid_t child = fork();

    if (child == 0)
        for (;;)
            sys_yield();
    sys_yield();
    MEASURE("sys_yield, two envs, there and back", (void)0, sys_yield());
    sys_env_destroy(child);
}

static void measure_fork(const char *name, uint32_t pages)
{
    envid_t child;

    for (uint32_t i = 0; i < pages; i++)
        sys_page_alloc(0, (void *)(0x20000000 + i * PGSIZE), PTE_RW);
    MEASURE(name, (void)0, child = fork(); if (child == 0) exit(); test_wait(child));
    for (uint32_t i = 0; i < pages; i++)
        sys_page_unmap(0, (void *)(0x20000000 + i * PGSIZE));
}

/* A child that is there and does nothing. */
static envid_t share_page(void)
{
    envid_t child = fork();

    if (child == 0) {
        ipc_recv(NULL, NULL, NULL);
        exit();
    }
    test_wait_receiving(child);
    return child;
}

/* With a child that shares the page: copied. Without one: it is its last user. */
static void measure_cow(void)
{
    volatile uint32_t *word = PLACE;

    sys_page_alloc(0, PLACE, PTE_RW);
    MEASURE("copy-on-write fault, page copied", share_page(), *word = 1);
    MEASURE("copy-on-write fault, last user", sys_env_destroy(share_page()), *word = 1);
}

void umain(int argc, char **argv)
{
    envid_t child;

    MEASURE("sys_getenvid", (void)0, sys_getenvid());
    MEASURE("sys_page_alloc over a page", sys_page_alloc(0, PLACE, PTE_RW),
            sys_page_alloc(0, PLACE, PTE_RW));
    MEASURE("sys_page_map", (void)0, sys_page_map(0, PLACE, 0, UTEMP, PTE_RW));
    MEASURE("sys_page_unmap", sys_page_map(0, PLACE, 0, UTEMP, PTE_RW), sys_page_unmap(0, UTEMP));
    MEASURE("sys_exofork, sys_env_destroy", (void)0, child = sys_exofork(); sys_env_destroy(child));
    MEASURE("sys_yield, alone", (void)0, sys_yield());
    measure_yield();
    measure_ipc("ipc_send, ipc_recv, round trip", false);
    measure_ipc("the same with a page each way", true);
    measure_cow();
    measure_fork("fork, exit, until it is gone", 0);
    measure_fork("the same with 256 written pages more", 256);
}
