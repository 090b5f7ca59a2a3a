/* sfork: one memory for both, but the stack and the exception stack. */
#include "tests/jos/test.h"

#define HERE 0x10000000u

static volatile uint32_t shared = 1;
static volatile uint32_t cow_before = 1; /* its page is copy-on-write when sfork comes */

static bool is_writable(uintptr_t va)
{
    return (uvpt[PGNUM(va)] & (PTE_W | PTE_COW)) == PTE_W;
}

void umain(int argc, char **argv)
{
    volatile uint32_t on_stack = 1;
    envid_t parent = sys_getenvid();
    envid_t idle = fork(); /* makes all copy-on-write */
    envid_t child;

    if (idle == 0) {
        ipc_recv(NULL, NULL, NULL);
        CHECK_EQ(shared, 1, "jos_sfork_other_child_apart");
        exit();
    }
    sys_page_alloc(0, (void *)HERE, PTE_RW);
    child = sfork();
    if (child == 0) {
        CHECK(thisenv->env_id == sys_getenvid() && thisenv == &envs[ENVX(sys_getenvid())],
              "jos_sfork_child_thisenv");
        CHECK(is_writable((uintptr_t)&shared) && is_writable(HERE), "jos_sfork_child_shares");
        CHECK_EQ(on_stack, 1, "jos_sfork_child_stack");
        on_stack = 2;
        shared = 2;
        cow_before = 2;
        *(volatile uint32_t *)HERE = 2;
        *(volatile uint32_t *)(UXSTACKTOP - PGSIZE) = 2;
        ipc_send(parent, 0, NULL, 0);
        ipc_recv(NULL, NULL, NULL);
        CHECK_EQ(shared, 3, "jos_sfork_child_sees");
        CHECK_EQ(on_stack, 2, "jos_sfork_child_own_stack");
        exit();
    }
    *(volatile uint32_t *)(UXSTACKTOP - PGSIZE) = 1;
    ipc_recv(NULL, NULL, NULL);
    CHECK(thisenv->env_id == parent && thisenv == &envs[ENVX(parent)], "jos_sfork_thisenv");
    CHECK(shared == 2 && cow_before == 2 && *(volatile uint32_t *)HERE == 2, "jos_sfork_sees");
    CHECK_EQ(on_stack, 1, "jos_sfork_own_stack");
    CHECK_EQ(*(volatile uint32_t *)(UXSTACKTOP - PGSIZE), 1, "jos_sfork_own_exception_stack");
    shared = 3;
    ipc_send(child, 0, NULL, 0);
    test_wait(child);
    ipc_send(idle, 0, NULL, 0);
    test_wait(idle);
}
