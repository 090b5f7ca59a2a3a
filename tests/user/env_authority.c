/* Who may do what to whom: oneself, a sibling, the controller, the pager (memory alone), a stranger. */
#include <stdio.h>

#include "abi/errors.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE 0x50000000u

/* Each call on `id` that needs a right. */
enum { CALLS_CONTROL = 10, CALLS_MEMORY = 6, CALLS = CALLS_CONTROL + CALLS_MEMORY };

static int control_call(uint32_t which, envid_t id)
{
    struct env_regs regs = {.eip = 0};
    struct env_limits limits = {.frames = 0};

    switch (which) {
    case 0:
        return env_start(id);
    case 1:
        return env_stop(id, 0);
    case 2:
        return env_read_regs(id, &regs);
    case 3:
        return env_write_regs(id, &regs);
    case 4:
        return env_set_pager(id, 0);
    case 5:
        return env_set_controller(id, env_self(), NOTIFY_CHILD);
    case 6:
        return env_set_upcall(id, 0, 0);
    case 7:
        return env_set_sched(id, 0, SCHED_ANY_CPU);
    case 8:
        return env_create(0, id, 0, 0);
    default:
        return env_set_limits(id, &limits);
    }
}

static int memory_call(uint32_t which, envid_t id)
{
    struct aspace_usage usage;

    switch (which) {
    case 0:
        return page_alloc(id, PLACE, 1, PERM_RW);
    case 1:
        return page_map(id, PLACE, 0, PLACE | PERM_R, 1);
    case 2:
        return page_map(0, USER_TEXT, id, USER_TEXT | PERM_R, 1);
    case 3:
        return page_protect(id, PLACE, 1, PERM_R);
    case 4:
        return page_unmap(id, PLACE, 1);
    default:
        return aspace_info(id, &usage);
    }
}

static int call(uint32_t which, envid_t id)
{
    return which < CALLS_CONTROL ? control_call(which, id) : memory_call(which - CALLS_CONTROL, id);
}

/* A stranger: all its calls on `target` are to fail. Status: how many did not. */
static envid_t target;

static int stranger_body(void *arg)
{
    uint32_t wrong = 0;

    (void)arg;
    for (uint32_t i = 0; i < CALLS; i++) {
        int result = call(i, target);

        if (result != -E_BAD_ENV) {
            printf("# a stranger's call %u returned %d\n", i, result);
            wrong++;
        }
    }
    wrong += env_destroy(target, 0) != -E_BAD_ENV;
    wrong += env_reap(target, NULL) != -E_BAD_ENV;
    return (int)wrong;
}

static void check_stranger(void)
{
    target = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    if (!CHECK(target > 0, "env_authority_target"))
        return;
    CHECK_CHILD(stranger_body, NULL, "env_authority_stranger");
    process_kill(target);
    target = env_self();
    CHECK_CHILD(stranger_body, NULL, "env_authority_child_on_parent");
}

/* A pager may do what concerns memory. */
static int pager_body(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    uint32_t wrong = 0;

    (void)arg;
    envid_t id = ipc_recv(&msg) > 0 ? (envid_t)msg.w[0] : 0;
    for (uint32_t i = 0; i < CALLS_MEMORY; i++)
        wrong += memory_call(i, id) != 0;
    for (uint32_t i = 0; i < CALLS_CONTROL; i++)
        wrong += control_call(i, id) != -E_BAD_ENV;
    wrong += env_destroy(id, 0) != -E_BAD_ENV;
    return (int)wrong;
}

static void check_pager(void)
{
    struct env_death death = {.cause = 0};
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    envid_t pager = test_child_start(pager_body, NULL);
    struct ipc_msg msg = {.w = {(uint32_t)id}};

    CHECK_OK(env_set_pager(id, pager), "env_authority_set_pager");
    CHECK_OK(ipc_send(pager, &msg), "env_authority_pager_told");
    CHECK_OK(process_wait(pager, &death), "env_authority_pager_end");
    CHECK(death.cause == ENV_EXITED && death.status == 0, "env_authority_pager_memory_alone");
    process_kill(id);
}

/* The controller, and its siblings for it. */
static int sibling_body(void *arg)
{
    envid_t id = (envid_t)(uintptr_t)arg;

    return memory_call(0, id) != 0 || env_start(id) != 0 || env_stop(id, 0) != 0 ||
           env_destroy(id, 3) != 0;
}

static void check_controller(void)
{
    struct env_death death = {.cause = 0};
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    bool good = true;

    for (uint32_t i = 0; i < CALLS_MEMORY; i++)
        good = memory_call(i, id) == 0 && good;
    CHECK(good, "env_authority_controller_memory");
    for (uint32_t i = 0; i < CALLS_CONTROL - 2; i++)
        good = (i < 2 ? env_stop(id, 0) : control_call(i, id)) == 0 && good;
    CHECK(good, "env_authority_controller");
    envid_t sibling = env_create(0, id, 0, NOTIFY_CHILD);
    CHECK(sibling > 0 && env_record(sibling)->aspace == env_record(id)->aspace,
          "env_authority_create_in");
    process_kill(sibling);
    process_kill(id);
    /* Started with no memory, it dies of that at once; what counts is that nobody else may reap. */
    id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    static const uint8_t spin[] = {0xeb, 0xfe};
    struct env_regs regs = {.eip = PLACE + 0x1000};
    CHECK_OK(page_alloc(id, PLACE + 0x1000, 1, PERM_RW | PERM_X), "env_authority_code");
    CHECK_OK(page_map(id, PLACE + 0x1000, 0, PLACE | PERM_RW, 1), "env_authority_code_map");
    ((volatile uint8_t *)PLACE)[0] = spin[0];
    ((volatile uint8_t *)PLACE)[1] = spin[1];
    CHECK_OK(page_unmap(0, PLACE, 1), "env_authority_code_unmap");
    CHECK_OK(env_write_regs(id, &regs), "env_authority_code_regs");
    envid_t thread = thread_create(sibling_body, (void *)(uintptr_t)id);
    CHECK(thread_join(thread, &death) == 0 && death.status == 0, "env_authority_sibling");
    CHECK(process_wait(id, &death) == 0 && death.cause == ENV_KILLED && death.status == 3,
          "env_authority_sibling_killed");
}

/* Threads of one space act on each other; handing on takes the right away. */
static int wait_body(void *arg)
{
    (void)arg;
    (void)notify_wait(1);
    return 4;
}

static int hand_on_body(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    struct env_death death = {.cause = 0};

    (void)arg;
    if (ipc_recv(&msg) < 0)
        return 1;
    envid_t id = (envid_t)msg.w[0];
    if (env_destroy(id, 6) != 0 || process_wait(id, &death) != 0)
        return 2;
    return death.cause == ENV_KILLED && death.status == 6 ? 0 : 3;
}

static void check_hand_on(void)
{
    struct env_death death = {.cause = 0};
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    envid_t other = test_child_start(hand_on_body, NULL);
    struct ipc_msg msg = {.w = {(uint32_t)id}};

    CHECK_ERROR(env_set_controller(id, 0, 0), E_BAD_ENV, "env_authority_hand_on_nobody");
    CHECK_OK(env_set_controller(id, other, NOTIFY_CHILD), "env_authority_hand_on");
    CHECK_ERROR(env_start(id), E_BAD_ENV, "env_authority_handed_start");
    CHECK_ERROR(page_alloc(id, PLACE, 1, PERM_RW), E_BAD_ENV, "env_authority_handed_memory");
    CHECK_ERROR(env_set_controller(id, env_self(), 0), E_BAD_ENV, "env_authority_not_back");
    CHECK_OK(ipc_send(other, &msg), "env_authority_handed_told");
    CHECK_OK(process_wait(other, &death), "env_authority_handed_end");
    CHECK_EQ(death.status, 0, "env_authority_handed_acts");
    CHECK_ERROR(env_reap(id, NULL), E_BAD_ENV, "env_authority_handed_reaped");
}

static void check_siblings(void)
{
    struct env_death death = {.cause = 0};
    envid_t thread = thread_create(wait_body, NULL);

    CHECK_OK(env_set_upcall(thread, 0, 0), "env_authority_thread_upcall");
    CHECK_OK(page_alloc(thread, PLACE, 1, PERM_RW), "env_authority_thread_memory");
    CHECK_EQ(page_perm(PLACE), PERM_RW, "env_authority_thread_same_memory");
    CHECK_OK(page_unmap(0, PLACE, 1), "env_authority_thread_unmap");
    CHECK_OK(notify(thread, 1), "env_authority_thread_notify");
    CHECK(thread_join(thread, &death) == 0 && death.status == 4, "env_authority_thread_end");
}

int main(void)
{
    check_stranger();
    check_pager();
    check_controller();
    check_hand_on();
    check_siblings();
    return test_status();
}
