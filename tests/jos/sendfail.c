/* sys_ipc_try_send, each way to fail; after each the receiver receives as if nothing had been. */
#include "tests/jos/test.h"

#define HERE       ((void *)0x10000000)
#define READONLY   ((void *)0x10001000)
#define EMPTY      ((void *)0x10002000)
#define ODD        ((void *)0x10000004)
#define WINDOW     ((void *)0x30000000)
#define FAR_WINDOW ((void *)0x38000000)
#define FILL       0x40000000u
#define SPARE      0x10010000u /* in the same table as HERE */
#define OLD        0xaaaau
#define NEW        0xbbbbu

static const struct row {
    const char *id;
    void *va;
    int perm;
} rows[] = {
    {"jos_send_odd", ODD, PTE_RW},
    {"jos_send_empty", EMPTY, PTE_RO},
    {"jos_send_write_readonly", READONLY, PTE_RW},
    {"jos_send_not_present", HERE, PTE_U | PTE_W},
    {"jos_send_not_user", HERE, PTE_P | PTE_W},
    {"jos_send_perm_bits", HERE, PTE_RW | PTE_PCD},
};

/* The receiver: what it tells the parent of what it got. */
static void receive(envid_t parent, bool wants)
{
    envid_t who;
    int perm = -1;
    uint32_t value;

    sys_page_alloc(0, WINDOW, PTE_RW);
    *(uint32_t *)WINDOW = OLD;
    value = (uint32_t)ipc_recv(&who, wants ? WINDOW : NULL, &perm);
    value |= *(uint32_t *)WINDOW == (wants ? NEW : OLD) ? 0x100u : 0;
    value |= who == parent && perm == (wants ? PTE_RW : 0) ? 0x200u : 0;
    ipc_send(parent, value, NULL, 0);
    exit();
}

static envid_t start_receiver(bool wants)
{
    envid_t parent = sys_getenvid();
    envid_t child = fork();

    if (child == 0)
        receive(parent, wants);
    *(uint32_t *)HERE = NEW; /* copy-on-write since the fork, and so read-only: ours again */
    test_wait_receiving(child);
    return child;
}

/* One failure, one receiver that it was meant for. */
static void check_row(const struct row *row, bool wants)
{
    envid_t to = start_receiver(wants);
    const volatile struct Env *e = &envs[ENVX(to)];
    bool good = sys_ipc_try_send(to, 1, row->va, row->perm) == -E_INVAL;
    char id[60];

    good &= e->env_ipc_recving != 0 && e->env_ipc_dstva == (wants ? WINDOW : (void *)UTOP);
    good &= sys_ipc_try_send(to, 2, HERE, PTE_RW) == 0;
    good &= ipc_recv(NULL, NULL, NULL) == 0x302;
    test_wait(to);
    snprintf(id, sizeof(id), "%s_%s", row->id, wants ? "wanted" : "unwanted");
    test_check(good, id, __LINE__, "the receiver was changed");
}

static void check_not_receiving(void)
{
    envid_t parent = sys_getenvid();
    envid_t child = fork();

    if (child == 0) {
        ipc_recv(NULL, NULL, NULL);
        ipc_recv(NULL, NULL, NULL);
        ipc_send(parent, 0, NULL, 0);
        ipc_recv(NULL, NULL, NULL);
        exit();
    }
    test_wait_receiving(child);
    CHECK_EQ(sys_ipc_try_send(child, 1, (void *)UTOP, 0), 0, "jos_send_to_receiving");
    test_wait_receiving(child);
    CHECK_EQ(sys_ipc_try_send(child, 1, (void *)UTOP, 0), 0, "jos_send_again");
    /* It sends to us now, and waits for that. */
    while (envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE || envs[ENVX(child)].env_ipc_recving)
        sys_yield();
    CHECK_ERROR(sys_ipc_try_send(child, 1, (void *)UTOP, 0), E_IPC_NOT_RECV, "jos_send_not_recv");
    CHECK_ERROR(sys_ipc_try_send(child, 1, ODD, PTE_RW), E_IPC_NOT_RECV, "jos_send_not_recv_first");
    CHECK_ERROR(sys_ipc_try_send(0, 1, (void *)UTOP, 0), E_IPC_NOT_RECV, "jos_send_to_oneself");
    ipc_recv(NULL, NULL, NULL);
    sys_env_destroy(child);
    CHECK_ERROR(sys_ipc_try_send(child, 1, (void *)UTOP, 0), E_BAD_ENV, "jos_send_dead");
    CHECK_ERROR(sys_ipc_try_send(child, 1, ODD, PTE_RW), E_BAD_ENV, "jos_send_dead_first");
    CHECK_ERROR(sys_ipc_try_send(-1, 1, (void *)UTOP, 0), E_BAD_ENV, "jos_send_no_env");
}

/* "Another sender was first": two sends, one receive. */
static void check_first_wins(void)
{
    envid_t to = start_receiver(false);

    CHECK_EQ(sys_ipc_try_send(to, 2, (void *)UTOP, 0), 0, "jos_send_first");
    CHECK_ERROR(sys_ipc_try_send(to, 3, (void *)UTOP, 0), E_IPC_NOT_RECV, "jos_send_second");
    CHECK_EQ(ipc_recv(NULL, NULL, NULL), 0x302, "jos_send_first_arrives");
    test_wait(to);
}

/* All of memory, page by page. Returns how many from FILL on. */
static uint32_t take_all_memory(void)
{
    uint32_t pages = 0;
    uintptr_t spare = SPARE;

    while (sys_page_alloc(0, (void *)(FILL + pages * PGSIZE), PTE_RW) == 0)
        pages++;
    /* That may have failed for want of two frames, a page and a table: where there is a table one will do. */
    while (sys_page_alloc(0, (void *)spare, PTE_RW) == 0)
        spare += PGSIZE;
    return pages;
}

/* Without memory for a page table in the receiver; then with it again. */
static void check_no_mem(void)
{
    envid_t parent = sys_getenvid();
    envid_t to = fork();
    uint32_t pages;

    if (to == 0) {
        int value = ipc_recv(NULL, FAR_WINDOW, NULL);

        ipc_send(parent, value == 2 ? *(uint32_t *)FAR_WINDOW : 0, NULL, 0);
        exit();
    }
    *(uint32_t *)HERE = NEW;
    test_wait_receiving(to);
    pages = take_all_memory();
    CHECK(pages > 1000, "jos_alloc_no_mem");
    CHECK_ERROR(sys_page_alloc(0, (void *)(FILL + pages * PGSIZE), PTE_RW), E_NO_MEM,
                "jos_alloc_no_mem_again");
    CHECK_ERROR(sys_exofork(), E_NO_MEM, "jos_exofork_no_mem");
    CHECK_ERROR(sys_page_map(0, HERE, 0, FAR_WINDOW, PTE_RW), E_NO_MEM, "jos_map_no_mem");
    CHECK_ERROR(sys_ipc_try_send(to, 1, HERE, PTE_RW), E_NO_MEM, "jos_send_no_mem");
    CHECK(envs[ENVX(to)].env_ipc_recving != 0, "jos_send_no_mem_waits_on");
    while (pages-- > 0)
        sys_page_unmap(0, (void *)(FILL + pages * PGSIZE));
    CHECK_EQ(sys_ipc_try_send(to, 2, HERE, PTE_RW), 0, "jos_send_with_mem");
    CHECK_EQ(ipc_recv(NULL, NULL, NULL), NEW, "jos_send_with_mem_arrives");
    test_wait(to);
}

void umain(int argc, char **argv)
{
    sys_page_alloc(0, HERE, PTE_RW);
    sys_page_alloc(0, READONLY, PTE_RO);
    *(uint32_t *)HERE = NEW;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], true);
        check_row(&rows[i], false);
    }
    CHECK_ERROR(sys_ipc_recv(ODD), E_INVAL, "jos_recv_odd");
    check_not_receiving();
    check_first_wins();
    check_no_mem();
}
