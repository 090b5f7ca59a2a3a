/* Ids: generations, stale ids, no free env; and whom an env may act on. */
#include "tests/jos/test.h"

static void check_generations(void)
{
    envid_t first = sys_exofork();
    envid_t second;

    CHECK_EQ(first, 0x1001, "jos_ids_second_env");
    CHECK_EQ(sys_env_destroy(first), 0, "jos_ids_destroy");
    second = sys_exofork();
    CHECK_EQ(second, 0x2001, "jos_ids_next_generation");
    CHECK_EQ(ENVX(second), ENVX(first), "jos_ids_same_slot");
    CHECK_ERROR(sys_env_destroy(first), E_BAD_ENV, "jos_ids_stale_destroy");
    CHECK_ERROR(sys_page_alloc(first, (void *)0x10000000, PTE_RW), E_BAD_ENV,
                "jos_ids_stale_alloc");
    CHECK_ERROR(sys_ipc_try_send(first, 0, (void *)UTOP, 0), E_BAD_ENV, "jos_ids_stale_send");
    CHECK_EQ(envs[ENVX(second)].env_id, second, "jos_ids_record");
    CHECK_EQ(sys_env_destroy(second), 0, "jos_ids_destroy_second");
}

static void check_exhaustion(void)
{
    static envid_t all[NENV];
    bool good = true;
    int count = 0;
    int r;

    while ((r = sys_exofork()) > 0 && count < NENV)
        all[count++] = r;
    CHECK_ERROR(r, E_NO_FREE_ENV, "jos_ids_no_free_env");
    CHECK_EQ(count, NENV - 1, "jos_ids_all_slots");
    while (count-- > 0)
        good &= sys_env_destroy(all[count]) == 0;
    CHECK(good, "jos_ids_all_destroyed");
    r = sys_exofork();
    CHECK(r > 0, "jos_ids_free_again");
    sys_env_destroy(r);
}

static volatile uint32_t turns; /* shared */

/* A message makes run what waits for one, stopped or not; else a stop lasts until it is taken back. */
static void check_status(void)
{
    envid_t child = sfork();
    uint32_t before;

    if (child == 0) {
        ipc_recv(NULL, NULL, NULL);
        for (;; turns++)
            sys_yield();
    }
    test_wait_receiving(child);
    CHECK_EQ(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0, "jos_status_stop_receiver");
    CHECK(envs[ENVX(child)].env_ipc_recving && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE,
          "jos_status_receiver_waits_on");
    ipc_send(child, 0, NULL, 0);
    while (turns == 0)
        sys_yield();
    CHECK_EQ(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0, "jos_status_stop");
    before = turns;
    for (int i = 0; i < 100; i++)
        sys_yield();
    CHECK_EQ(turns, before, "jos_status_stopped");
    CHECK_EQ(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE, "jos_status_not_runnable");
    CHECK_EQ(sys_env_set_status(child, ENV_RUNNABLE), 0, "jos_status_start");
    while (turns == before)
        sys_yield();
    CHECK_EQ(sys_env_destroy(child), 0, "jos_status_destroy");
}

/* A grandchild is not one's own, whether its parent lives or not. */
static void check_ownership(void)
{
    envid_t parent = sys_getenvid();
    envid_t child = fork();
    envid_t grandchild;

    if (child == 0) {
        envid_t mine = sys_exofork();

        CHECK_ERROR(sys_env_destroy(parent), E_BAD_ENV, "jos_own_not_parent");
        CHECK_ERROR(sys_page_alloc(parent, (void *)0x10000000, PTE_RW), E_BAD_ENV,
                    "jos_own_not_parent_memory");
        CHECK_EQ(sys_page_alloc(mine, (void *)0x10000000, PTE_RW), 0, "jos_own_child");
        ipc_send(parent, (uint32_t)mine, NULL, 0);
        ipc_recv(NULL, NULL, NULL);
        exit();
    }
    grandchild = ipc_recv(NULL, NULL, NULL);
    CHECK_ERROR(sys_env_destroy(grandchild), E_BAD_ENV, "jos_own_not_grandchild");
    CHECK_EQ(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0, "jos_own_stop");
    CHECK_EQ(sys_env_set_status(child, ENV_RUNNABLE), 0, "jos_own_start");
    ipc_send(child, 0, NULL, 0);
    test_wait(child);
    CHECK_EQ(envs[ENVX(grandchild)].env_id, grandchild, "jos_own_orphan_lives");
    CHECK_ERROR(sys_env_destroy(grandchild), E_BAD_ENV, "jos_own_not_orphan");
    CHECK_ERROR(sys_env_set_status(grandchild, ENV_RUNNABLE), E_BAD_ENV,
                "jos_own_not_orphan_status");
}

void umain(int argc, char **argv)
{
    check_generations();
    check_exhaustion();
    check_status();
    check_ownership();
}
