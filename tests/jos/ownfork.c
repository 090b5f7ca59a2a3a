/* A program that brings its own fork, handler and message functions, as those who did the lab have written
 * them: through the calls, the upcall, uvpt and a page at PFTEMP.
 */
#include "tests/jos/test.h"

static uint32_t value = 1;
static uint32_t bss_value;

static void pgfault(struct UTrapframe *utf)
{
    void *addr = (void *)utf->utf_fault_va;
    uint32_t err = utf->utf_err;
    int r;

    if (!((err & FEC_WR) && (uvpd[PDX(addr)] & PTE_P) && (uvpt[PGNUM(addr)] & PTE_P) &&
          (uvpt[PGNUM(addr)] & PTE_COW)))
        panic("pgfault: va %08x err %x", addr, err);
    if ((r = sys_page_alloc(0, (void *)PFTEMP, PTE_U | PTE_W | PTE_P)) < 0)
        panic("pgfault: sys_page_alloc: %e", r);
    addr = ROUNDDOWN(addr, PGSIZE);
    memcpy(PFTEMP, addr, PGSIZE);
    if ((r = sys_page_map(0, PFTEMP, 0, addr, PTE_U | PTE_W | PTE_P)) < 0)
        panic("pgfault: sys_page_map: %e", r);
    if ((r = sys_page_unmap(0, PFTEMP)) < 0)
        panic("pgfault: sys_page_unmap: %e", r);
}

static int duppage(envid_t envid, unsigned pn)
{
    void *addr = (void *)(pn * PGSIZE);
    int r;

    if (uvpt[pn] & (PTE_W | PTE_COW)) {
        if ((r = sys_page_map(0, addr, envid, addr, PTE_U | PTE_P | PTE_COW)) < 0)
            panic("duppage: %e", r);
        if ((r = sys_page_map(0, addr, 0, addr, PTE_U | PTE_P | PTE_COW)) < 0)
            panic("duppage: %e", r);
    } else if ((r = sys_page_map(0, addr, envid, addr, PTE_U | PTE_P)) < 0) {
        panic("duppage: %e", r);
    }
    return 0;
}

envid_t fork(void)
{
    envid_t envid;
    int r;

    set_pgfault_handler(pgfault);
    envid = sys_exofork();
    if (envid < 0)
        panic("sys_exofork: %e", envid);
    if (envid == 0) {
        thisenv = &envs[ENVX(sys_getenvid())];
        return 0;
    }
    for (uint32_t i = 0; i < NPDENTRIES; i++) {
        if (!(uvpd[i] & PTE_P))
            continue;
        for (uint32_t j = 0; j < NPTENTRIES; j++) {
            unsigned pn = i * NPTENTRIES + j;

            if (pn * PGSIZE >= UXSTACKTOP - PGSIZE)
                break;
            if (uvpt[pn] & PTE_P)
                duppage(envid, pn);
        }
    }
    if ((r = sys_page_alloc(envid, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W)) < 0)
        panic("sys_page_alloc: %e", r);
    if ((r = sys_env_set_pgfault_upcall(envid, (void *)_pgfault_upcall)) < 0)
        panic("sys_env_set_pgfault_upcall: %e", r);
    if ((r = sys_env_set_status(envid, ENV_RUNNABLE)) < 0)
        panic("sys_env_set_status: %e", r);
    return envid;
}

/* The message functions of the lab, too: this one asks again and again. */
void ipc_send(envid_t to_env, uint32_t val, void *pg, int perm)
{
    int r;

    while ((r = sys_ipc_try_send(to_env, val, pg != NULL ? pg : (void *)UTOP, perm)) ==
           -E_IPC_NOT_RECV)
        sys_yield();
    if (r < 0)
        panic("ipc_send: %e", r);
}

int32_t ipc_recv(envid_t *from_env_store, void *pg, int *perm_store)
{
    int r = sys_ipc_recv(pg != NULL ? pg : (void *)UTOP);

    if (from_env_store != NULL)
        *from_env_store = r < 0 ? 0 : thisenv->env_ipc_from;
    if (perm_store != NULL)
        *perm_store = r < 0 ? 0 : thisenv->env_ipc_perm;
    return r < 0 ? r : (int32_t)thisenv->env_ipc_value;
}

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    envid_t child = fork();
    envid_t who;
    int perm;

    if (child == 0) {
        CHECK(value == 1 && bss_value == 0, "jos_ownfork_child_sees");
        value = 2;
        bss_value = 2;
        CHECK_EQ(ipc_recv(&who, NULL, &perm), 5, "jos_ownfork_child_receives");
        CHECK(who == parent && perm == 0, "jos_ownfork_child_from");
        ipc_send(parent, value + bss_value, NULL, 0);
        return;
    }
    value = 3;
    bss_value = 3;
    ipc_send(child, 5, NULL, 0);
    CHECK_EQ(ipc_recv(&who, NULL, &perm), 4, "jos_ownfork_receives");
    CHECK_EQ(who, child, "jos_ownfork_from");
    CHECK(value == 3 && bss_value == 3, "jos_ownfork_keeps");
    test_wait(child);
}
