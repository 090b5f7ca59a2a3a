/* Ways around authority: ids that name nobody, controllers in a circle, limits gone round by what the kernel sends for an
 * env, forged senders. What is refused plainly is in tests/user/env_authority.c and limits.c. */
#include <string.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE    0x50000000u
#define LONG_WAY 300u

/* Each call that names an env. */
static int call_on(uint32_t which, envid_t id)
{
    struct ipc_msg msg = {.w = {0}};

    switch (which) {
    case 0:
        return notify(id, 1);
    case 1:
        return ipc_try_send(id, &msg);
    case 2:
        return ipc_recv_from(id, &msg);
    case 3:
        return ipc_call(id, &msg);
    case 4:
        return env_start(id);
    case 5:
        return env_destroy(id, 0);
    case 6:
        return env_reap(id, NULL);
    case 7:
        return env_set_pager(0, id);
    case 8:
        return env_set_controller(0, id, 0);
    case 9:
        return env_attach(id);
    case 10:
        return page_alloc(id, PLACE, 1, PERM_RW);
    case 11:
        return page_map(0, USER_TEXT, id, PLACE | PERM_R, 1);
    case 12:
        return page_copy(id, PLACE, 0, PLACE | PERM_R, 1);
    default:
        return env_create(0, id, 0, 0);
    }
}
#define CALLS 14u

/* Of slots that no env has ever been in, and of the next and the last env in a slot that is in use. */
static void check_ids_of_nobody(void)
{
    const envid_t ids[] = {ENV_ID_FIRST + ENV_MAX - 1, ENV_ID_FIRST + ENV_MAX - 2,
                           (envid_t)0x7ffff000 | (ENV_MAX - 1), env_self() + (1 << ENV_GEN_SHIFT),
                           env_self() - (1 << ENV_GEN_SHIFT)};
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        for (uint32_t which = 0; which < CALLS; which++)
            wrong += call_on(which, ids[i]) != -E_BAD_ENV;
    }
    CHECK_EQ(wrong, 0, "isolation_ids_of_nobody");
}

/* An env in a circle would have no way up when it dies, and would be nobody's to end. */
static int own_controller(void *arg)
{
    (void)arg;
    return env_set_controller(0, env_self(), 1) == -E_INVAL ? 0 : 1;
}

static int own_child_controls(void *arg)
{
    envid_t child = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    envid_t grandchild = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    (void)arg;
    int status = env_set_controller(child, child, 1) == -E_INVAL ? 0 : 1;

    if (env_set_controller(grandchild, child, NOTIFY_CHILD) != 0)
        status = 2;
    if (env_set_controller(0, child, 1) != -E_INVAL)
        status = 3;
    if (env_set_controller(0, grandchild, 1) != -E_INVAL)
        status = 4;
    (void)!env_destroy(child, 0);
    (void)!process_wait(child, NULL);
    process_kill(grandchild); /* ours again */
    return status;
}

/* Envs each of which the one before controls, and one more for the last: looking for a circle up such a way takes long,
 * so there is an end to it. */
static int long_way_up(void *arg)
{
    static envid_t way[LONG_WAY];
    uint32_t length = (uint32_t)(uintptr_t)arg;
    envid_t last = env_create(0, 0, 0, NOTIFY_CHILD);
    int status = 0;

    for (uint32_t i = 0; i < length; i++)
        way[i] = env_create(0, 0, 0, NOTIFY_CHILD);
    for (uint32_t i = length - 1; i > 0; i--)
        status |= env_set_controller(way[i], way[i - 1], NOTIFY_CHILD);
    if (status == 0)
        status = -env_set_controller(last, way[length - 1], NOTIFY_CHILD);
    for (uint32_t i = 0; i < length; i++)
        process_kill(way[i]); /* the next is ours now */
    process_kill(last);
    return status;
}

static void check_circles(void)
{
    struct env_death death = {.cause = 0};

    CHECK_CHILD(long_way_up, (void *)100, "isolation_way_up");
    CHECK(test_child(long_way_up, (void *)LONG_WAY, &death) == 0 && death.status == E_INVAL,
          "isolation_way_too_long");
    CHECK_CHILD(own_controller, NULL, "isolation_circle_of_one");
    CHECK_CHILD(own_child_controls, NULL, "isolation_circle_of_more");
}

/* Two envs that hand themselves to each other at once, on two CPUs: one of them at most succeeds. */
#define ROUNDS 300u
static uint32_t round_now; /* atomic, as the next two */
static uint32_t answers;
static uint32_t successes;
static envid_t twins[2];

static int twin_body(void *arg)
{
    uint32_t which = (uint32_t)(uintptr_t)arg;

    for (uint32_t i = 1; i <= ROUNDS; i++) {
        while (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) != i)
            __asm__ volatile("pause");
        if (env_set_controller(0, twins[1 - which], NOTIFY_CHILD) == 0)
            __atomic_fetch_add(&successes, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&answers, 1, __ATOMIC_RELEASE);
    }
    return 0;
}

static void check_circle_of_two_cpus(void)
{
    uint32_t both = 0;
    uint32_t any = 0;

    if (test_cpus() < 3) {
        TEST_SKIP("isolation_circle_at_once", "three CPUs are needed");
        return;
    }
    for (uint32_t t = 0; t < 2; t++)
        twins[t] = test_thread_start(1 + t, twin_body, (void *)(uintptr_t)t);
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        answers = successes = 0;
        __atomic_store_n(&round_now, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&answers, __ATOMIC_ACQUIRE) != 2)
            yield();
        both += successes == 2;
        any += successes == 1;
        for (uint32_t t = 0; t < 2; t++)
            (void)!env_set_controller(twins[t], env_self(), NOTIFY_CHILD);
    }
    for (uint32_t t = 0; t < 2; t++)
        (void)!thread_join(twins[t], NULL);
    CHECK_EQ(both, 0, "isolation_circle_at_once");
    CHECK(any != 0, "isolation_circle_half");
}

/* Deaths and faults are messages of the kernel's, sent for an env. */
static envid_t listener;

static int tell_by_death(void *arg)
{
    struct env_limits limits = {.syscalls = {0xffffffffu, 0xffffffffu},
                                .priority = SCHED_PRIO_DEFAULT,
                                .ports = {{1, 0}, {1, 0}, {1, 0}, {1, 0}}};
    envid_t child = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    (void)arg;
    int status = env_set_limits(0, &limits) == 0 ? 0 : 1;

    if (notify(listener, 1) != -E_PERM)
        status = 2;
    if (env_set_controller(child, listener, 1) != -E_PERM)
        status = 3;
    if (env_set_pager(0, listener) != -E_PERM)
        status = 4;
    process_kill(child);
    return status;
}

static void check_limits_hold(void)
{
    listener = env_self();
    CHECK_CHILD(tell_by_death, NULL, "isolation_no_message_by_death");
    CHECK_EQ(notify_wait_us(1, 1000), 0, "isolation_not_told");
}

/* Whatever an env writes into its message page and registers, the receiver gets its true id. */
static int forger_body(void *arg)
{
    struct ipc_msg msg = {.w = {(uint32_t)listener, (uint32_t)listener, 0, 0}};
    struct utcb *self = utcb();

    (void)arg;
    self->self = (uint32_t)listener;
    self->va = UTCB_AREA;
    for (uint32_t i = 0; i < IPC_WORDS_MAX; i++)
        self->words[i] = (uint32_t)listener;
    return ipc(IPC_OP_CALL | IPC_SEND_WORDS(IPC_WORDS_MAX), listener, &msg) < 0;
}

static void check_forged_sender(void)
{
    struct ipc_msg msg = {.w = {0}};
    struct env_death death = {.cause = 0};

    listener = env_self();
    envid_t forger = test_child_start(forger_body, NULL);
    int32_t got = ipc_recv(&msg);
    CHECK(got > 0 && ipc_sender(got) == forger, "isolation_forged_sender");
    CHECK_OK(ipc_reply(forger, &msg), "isolation_forger_answered");
    CHECK(process_wait(forger, &death) == 0, "isolation_forger_end");
}

int main(void)
{
    check_ids_of_nobody();
    check_circles();
    check_circle_of_two_cpus();
    check_limits_hold();
    check_forged_sender();
    return test_status();
}
