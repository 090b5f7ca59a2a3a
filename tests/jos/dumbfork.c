/* Eager copy of the address space, by the system calls alone; parent and child then run side by side. */
#include "tests/jos/test.h"

extern unsigned char end[];

static int value = 1;

static void copy_page(envid_t dst, uint8_t *va)
{
    int r;

    if ((r = sys_page_alloc(dst, va, PTE_RW)) < 0)
        panic("sys_page_alloc: %e", r);
    if ((r = sys_page_map(dst, va, 0, UTEMP, PTE_RW)) < 0)
        panic("sys_page_map: %e", r);
    memmove(UTEMP, va, PGSIZE);
    if ((r = sys_page_unmap(0, UTEMP)) < 0)
        panic("sys_page_unmap: %e", r);
}

static bool has_nothing(envid_t child)
{
    for (uintptr_t va = UTEXT; va < (uintptr_t)end; va += PGSIZE) {
        if (sys_page_map(child, (void *)va, 0, UTEMP, PTE_RO) != -E_INVAL)
            return false;
    }
    return true;
}

static envid_t dumbfork(void)
{
    envid_t child = sys_exofork();
    uint8_t *va;
    int r;

    if (child < 0)
        panic("sys_exofork: %e", child);
    if (child == 0) {
        thisenv = &envs[ENVX(sys_getenvid())];
        return 0;
    }
    CHECK_EQ(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE, "jos_exofork_not_runnable");
    CHECK_EQ(envs[ENVX(child)].env_parent_id, sys_getenvid(), "jos_exofork_parent");
    CHECK(has_nothing(child), "jos_exofork_no_mappings");
    for (va = (uint8_t *)UTEXT; va < end; va += PGSIZE)
        copy_page(child, va);
    copy_page(child, ROUNDDOWN((uint8_t *)&va, PGSIZE));
    if ((r = sys_env_set_status(child, ENV_RUNNABLE)) < 0)
        panic("sys_env_set_status: %e", r);
    return child;
}

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    envid_t child = dumbfork();

    for (int i = 0; i < (child != 0 ? 10 : 20); i++) {
        cprintf("%d: I am the %s!\n", i, child != 0 ? "parent" : "child");
        sys_yield();
    }
    if (child == 0) {
        CHECK_EQ(value, 1, "jos_dumbfork_child_memory");
        CHECK(thisenv->env_id == sys_getenvid() && thisenv->env_id != parent,
              "jos_dumbfork_child_id");
        CHECK_EQ(thisenv->env_parent_id, parent, "jos_dumbfork_child_parent");
        value = 3;
        ipc_send(parent, 0, NULL, 0);
        return;
    }
    value = 2;
    ipc_recv(NULL, NULL, NULL);
    CHECK_EQ(value, 2, "jos_dumbfork_parent_memory");
}
