/* The system calls of JOS, by those of Grain: the same arguments, errors and effects. */
#include <inc/lib.h>

#include "libuser/jos/kernel.h"

/* Whether va's page is mapped with all of those bits in the caller's own address space. */
static bool page_has(uintptr_t va, pte_t bits)
{
    return va < ULIM && (uvpd[PDX(va)] & PTE_P) != 0 && (uvpt[PGNUM(va)] & bits) == bits;
}

/* envs[] is above ULIM, where one's own page tables do not reach. */
static bool page_is_readable(uintptr_t va)
{
    return va - UENVS < NENV * sizeof(struct Env) || page_has(va, PTE_P | PTE_U);
}

/* ---- The caller ---- */

/* Neither cprintf nor exit: those may be the program's. */
static void end_for(uintptr_t va)
{
    char line[80];

    (void)snprintf(line, sizeof(line), "[%08x] user_mem_check assertion failure for va %08x\n",
                   sys_getenvid(), va);
    grain_write(line, (size_t)strlen(line));
    (void)sys_env_destroy(0);
}

/* In JOS the kernel looks at the caller's memory and ends him if it may not be read. Here nobody but the
 * caller reads it; that it ends in the same way is for programs that count on it. */
static void check_readable(const char *s, size_t len)
{
    uintptr_t end = (uintptr_t)s + len;

    for (uintptr_t va = (uintptr_t)s; va < end || end < (uintptr_t)s;
         va = (va | (PGSIZE - 1)) + 1) {
        if (!page_is_readable(va))
            end_for(va);
    }
}

void sys_cputs(const char *s, size_t len)
{
    check_readable(s, len);
    while (len != 0) {
        size_t piece = MIN(len, GRAIN_WRITE_MAX);

        grain_write(s, piece);
        s += piece;
        len -= piece;
    }
}

int sys_cgetc(void)
{
    return grain_read();
}

void sys_yield(void)
{
    grain_yield();
}

/* ---- Envs ---- */

/* The id, where the caller may act on that env; else 0. The kernel asks again; it also lets the creator of
 * an env's dead parent act on it, which JOS does not. */
static envid_t own_env(envid_t env)
{
    const volatile struct Env *e = &envs[ENVX(env)];
    envid_t self = sys_getenvid();

    if (env == 0 || env == self)
        return self;
    return e->env_id == env && e->env_parent_id == self ? env : 0;
}

/* A destroyed env is gone when the call returns: its slot is free, or another's. Its own CPU ends it,
 * before all else that waits there. */
static void wait_for_end(envid_t env)
{
    const volatile struct Env *e = &envs[ENVX(env)];

    while (e->env_id == env && e->env_status != ENV_FREE)
        grain_yield();
}

int sys_env_destroy(envid_t envid)
{
    envid_t env = own_env(envid);
    int r;

    if (env == 0)
        return -E_BAD_ENV;
    r = grain_env_destroy(env);
    if (r == 0)
        wait_for_end(env);
    return r;
}

int sys_env_set_status(envid_t envid, int status)
{
    envid_t env = own_env(envid);

    if (env == 0)
        return -E_BAD_ENV;
    if (status == ENV_RUNNABLE)
        return grain_env_start(env);
    if (status != ENV_NOT_RUNNABLE)
        return -E_INVAL;
    /* What waits in sys_ipc_recv is not runnable as it is, and a message makes it run: the kernel would stop it
     * when that has come. */
    return envs[ENVX(env)].env_ipc_recving ? 0 : grain_env_stop(env);
}

int sys_env_set_pgfault_upcall(envid_t envid, void *upcall)
{
    envid_t env = own_env(envid);

    return env == 0 ? -E_BAD_ENV : grain_env_set_upcall(env, upcall);
}

/* ---- Memory ---- */

static bool perm_is_good(int perm)
{
    return (perm & (PTE_U | PTE_P)) == (PTE_U | PTE_P) && (perm & ~PTE_SYSCALL) == 0;
}

static bool page_is_good(const void *pg)
{
    return (uintptr_t)pg < UTOP && PGOFF(pg) == 0;
}

int sys_page_alloc(envid_t envid, void *pg, int perm)
{
    envid_t env = own_env(envid);

    if (env == 0)
        return -E_BAD_ENV;
    if (!page_is_good(pg) || !perm_is_good(perm))
        return -E_INVAL;
    return grain_page_alloc(env, (uintptr_t)pg, perm);
}

int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm)
{
    envid_t src = own_env(src_env);
    envid_t dst = own_env(dst_env);

    if (src == 0 || dst == 0)
        return -E_BAD_ENV;
    if (!page_is_good(src_pg) || !page_is_good(dst_pg) || !perm_is_good(perm))
        return -E_INVAL;
    return grain_page_map(src, (uintptr_t)src_pg, dst, (uintptr_t)dst_pg, 1, perm);
}

int sys_page_unmap(envid_t envid, void *pg)
{
    envid_t env = own_env(envid);

    if (env == 0)
        return -E_BAD_ENV;
    return page_is_good(pg) ? grain_page_unmap(env, (uintptr_t)pg) : -E_INVAL;
}

/* ---- Messages ---- */

/* A page that is no good is an error even where the receiver wants none, which Grain does not look at. */
static int check_page(envid_t to, const void *pg, int perm)
{
    const volatile struct Env *e = &envs[ENVX(to)];
    pte_t need = PTE_P | PTE_U | (pte_t)(perm & PTE_W);

    if (page_is_good(pg) && perm_is_good(perm) && page_has((uintptr_t)pg, need))
        return 0;
    if (e->env_id != to || e->env_status == ENV_FREE || e->env_status == ENV_DYING)
        return -E_BAD_ENV;
    return e->env_ipc_recving ? -E_INVAL : -E_IPC_NOT_RECV;
}

/* waits: until the receiver takes it, so it need not be receiving now. */
static int send(struct grain_message *message, const void *pg)
{
    message->has_page = (uintptr_t)pg < UTOP;
    message->va = (uintptr_t)pg;
    if (message->has_page) {
        int r = check_page(message->to, pg, message->perm);

        if (r == -E_IPC_NOT_RECV && message->waits)
            r = -E_INVAL;
        if (r != 0)
            return r;
    }
    return grain_send(message);
}

int sys_ipc_try_send(envid_t to, uint32_t value, void *pg, int perm)
{
    struct grain_message message = {
        .to = to == 0 ? sys_getenvid() : to, .value = value, .perm = perm};

    return send(&message, pg);
}

int sys_ipc_recv(void *pg)
{
    bool has_window = (uintptr_t)pg < UTOP;
    int r;

    if (has_window && PGOFF(pg) != 0)
        return -E_INVAL;
    grain_local()[GRAIN_LOCAL_SENT] = 0;
    r = grain_receive(has_window, (uintptr_t)pg);
    return r < 0 ? r : 0;
}

JOS_MAY_REPLACE void ipc_send(envid_t to_env, uint32_t val, void *pg, int perm)
{
    struct grain_message message = {
        .to = to_env == 0 ? sys_getenvid() : to_env, .value = val, .perm = perm};
    uint32_t *has_sent = &grain_local()[GRAIN_LOCAL_SENT];
    int r = -E_IPC_NOT_RECV;

    if (pg == NULL)
        pg = (void *)UTOP;
    /* The first message since a receive as in JOS, where the sender goes on at once when the receiver waits:
     * programs count on that. A second one gives the CPU to the receiver, so that of many who send all the
     * time each gets through as often. */
    if (!*has_sent)
        r = send(&message, pg);
    if (r == -E_IPC_NOT_RECV) {
        message.waits = true;
        r = send(&message, pg);
    }
    *has_sent = 1;
    if (r < 0)
        panic("ipc_send: %e", r);
}

JOS_MAY_REPLACE int32_t ipc_recv(envid_t *from_env_store, void *pg, int *perm_store)
{
    int r = sys_ipc_recv(pg == NULL ? (void *)UTOP : pg);
    const volatile struct Env *self = thisenv;

    if (from_env_store != NULL)
        *from_env_store = r < 0 ? 0 : self->env_ipc_from;
    if (perm_store != NULL)
        *perm_store = r < 0 ? 0 : self->env_ipc_perm;
    return r < 0 ? r : (int32_t)self->env_ipc_value;
}
