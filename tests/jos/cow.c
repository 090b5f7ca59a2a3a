/* fork: what is copy-on-write afterwards, what is not, and that neither sees the other's writes. */
#include "tests/jos/test.h"
#include <inc/pageref.h>

#define HERE     0x10000000u
#define READONLY 0x10001000u
#define PAGES    40u
#define MANY     0x10010000u

static uint32_t data = 1;
static envid_t parent;

static uint32_t bits(uintptr_t va)
{
    return (uint32_t)uvpt[PGNUM(va)] & (PTE_P | PTE_U | PTE_W | PTE_COW);
}

static bool many_are(uint32_t value)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        if (*(uint32_t *)(MANY + i * PGSIZE) != value)
            return false;
    }
    return true;
}

static void set_many(uint32_t value)
{
    for (uint32_t i = 0; i < PAGES; i++)
        *(uint32_t *)(MANY + i * PGSIZE) = value;
}

static void child_main(void)
{
    CHECK_EQ(bits(HERE), PTE_RO | PTE_COW, "jos_fork_child_cow");
    CHECK_EQ(bits(READONLY), PTE_RO, "jos_fork_child_readonly");
    CHECK_EQ(bits(UXSTACKTOP - PGSIZE), PTE_RW, "jos_fork_child_exception_stack");
    CHECK(thisenv->env_pgfault_upcall == (void *)_pgfault_upcall, "jos_fork_child_upcall");
    CHECK(thisenv->env_id == sys_getenvid() && thisenv->env_parent_id == parent,
          "jos_fork_child_thisenv");
    CHECK(*(uint32_t *)HERE == 1 && data == 1 && many_are(1), "jos_fork_child_sees");
    *(uint32_t *)(UXSTACKTOP - PGSIZE) = 0xc;
    *(uint32_t *)HERE = 2;
    data = 2;
    set_many(2);
    CHECK_EQ(bits(HERE), PTE_RW, "jos_fork_child_copied");
    CHECK_EQ(pageref((void *)HERE), 1, "jos_fork_child_alone");
    ipc_send(parent, 0, NULL, 0);
    ipc_recv(NULL, NULL, NULL); /* the parent has written meanwhile */
    CHECK(*(uint32_t *)HERE == 2 && data == 2 && many_are(2), "jos_fork_child_keeps");
    exit();
}

/* A grandchild of a page that is copy-on-write already, and of one that has become writable again. */
static void check_again(void)
{
    envid_t first;
    envid_t second;

    *(uint32_t *)HERE = 10;
    first = fork();
    if (first == 0) {
        second = fork();
        if (second == 0) {
            *(uint32_t *)HERE += 2;
            ipc_send(parent, *(uint32_t *)HERE, NULL, 0);
            exit();
        }
        test_wait(second);
        *(uint32_t *)HERE += 1;
        ipc_send(parent, *(uint32_t *)HERE, NULL, 0);
        exit();
    }
    CHECK_EQ(ipc_recv(NULL, NULL, NULL), 12, "jos_fork_grandchild");
    CHECK_EQ(ipc_recv(NULL, NULL, NULL), 11, "jos_fork_middle");
    CHECK_EQ(*(uint32_t *)HERE, 10, "jos_fork_keeps_own");
    test_wait(first);
}

void umain(int argc, char **argv)
{
    envid_t child;

    parent = sys_getenvid();
    sys_page_alloc(0, (void *)HERE, PTE_RW);
    sys_page_alloc(0, (void *)READONLY, PTE_RO);
    for (uint32_t i = 0; i < PAGES; i++)
        sys_page_alloc(0, (void *)(MANY + i * PGSIZE), PTE_RW);
    *(uint32_t *)HERE = 1;
    set_many(1);
    child = fork();
    if (child == 0)
        child_main();
    CHECK_EQ(bits(READONLY), PTE_RO, "jos_fork_readonly");
    CHECK_EQ(bits(UXSTACKTOP - PGSIZE), PTE_RW, "jos_fork_exception_stack");
    *(uint32_t *)(UXSTACKTOP - PGSIZE) = 0xd;
    ipc_recv(NULL, NULL, NULL);
    CHECK_EQ(bits(HERE), PTE_RO | PTE_COW, "jos_fork_cow");
    CHECK_EQ(*(uint32_t *)(UXSTACKTOP - PGSIZE), 0xd, "jos_fork_own_exception_stack");
    CHECK(*(uint32_t *)HERE == 1 && data == 1 && many_are(1), "jos_fork_keeps");
    *(uint32_t *)HERE = 3;
    data = 3;
    set_many(3);
    CHECK_EQ(bits(HERE), PTE_RW, "jos_fork_copied");
    ipc_send(child, 0, NULL, 0);
    test_wait(child);
    CHECK(*(uint32_t *)HERE == 3 && data == 3 && many_are(3), "jos_fork_writes");
    check_again();
}
