/* Envs from env_create to env_reap: how they end, who is told, what becomes of orphans and of slots. */
#include <stdio.h>

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

#define BIT_A 0x1u
#define BIT_B 0x2u

#define VECTOR_PAGE_FAULT 14u

/* Ids that never name an env: negative, of no generation, unused bits set. */
static const envid_t bad_ids[] = {-1, 1, 0x7fffffff, (envid_t)0x80000000u, 0x1c00, 0xfff};

static const char *const bad_names[] = {
    "env_life_start_bad_id", "env_life_stop_bad_id",  "env_life_destroy_bad_id",
    "env_life_reap_bad_id",  "env_life_pager_bad_id", "env_life_controller_bad_id",
};

static int bad_call(uint32_t which, envid_t id)
{
    switch (which) {
    case 0:
        return env_start(id);
    case 1:
        return env_stop(id, 0);
    case 2:
        return env_destroy(id, 0);
    case 3:
        return env_reap(id, NULL);
    case 4:
        return env_set_pager(0, id);
    default:
        return env_set_controller(0, id, 0);
    }
}

static void check_bad_ids(void)
{
    for (uint32_t call = 0; call < sizeof(bad_names) / sizeof(bad_names[0]); call++) {
        bool good = true;

        for (uint32_t i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++)
            good = bad_call(call, bad_ids[i]) == -E_BAD_ENV && good;
        CHECK(good, bad_names[call]);
    }
    CHECK_ERROR(env_reap(0, NULL), E_BAD_ENV, "env_life_reap_self");
    CHECK_ERROR(env_stop(0, 2), E_INVAL, "env_life_stop_flags");
    CHECK_ERROR(env_create(4, 0, 0, 0), E_INVAL, "env_life_create_flags");
    CHECK_ERROR(env_create(0, 0x7fffffff, 0, 0), E_BAD_ENV, "env_life_create_bad_space");
}

static void check_create(void)
{
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, BIT_A);
    const struct env_public *record = env_record(id);
    struct env_regs regs;
    struct env_death death = {.cause = 0};

    if (!CHECK_OK(id, "env_life_create"))
        return;
    CHECK_EQ(record->id, id, "env_life_record_id");
    CHECK_EQ(record->controller, env_self(), "env_life_record_controller");
    CHECK_EQ(record->status, ENV_NOT_RUNNABLE, "env_life_created_stopped");
    CHECK(record->aspace != env_record(env_self())->aspace, "env_life_new_space");
    CHECK_OK(env_read_regs(id, &regs), "env_life_created_regs");
    CHECK(regs.eip == 0 && regs.esp == 0 && regs.eax == 0, "env_life_created_regs_zero");
    CHECK_ERROR(env_reap(id, &death), E_BUSY, "env_life_reap_alive");
    CHECK_OK(env_destroy(id, 5), "env_life_destroy_stopped");
    CHECK_EQ(notify_wait(BIT_A), BIT_A, "env_life_death_bits");
    CHECK_EQ(record->status, ENV_DEAD, "env_life_dead");
    CHECK_ERROR(env_start(id), E_BAD_ENV, "env_life_start_dead");
    CHECK_ERROR(env_destroy(id, 0), E_BAD_ENV, "env_life_destroy_dead");
    CHECK_OK(env_reap(id, &death), "env_life_reap");
    CHECK(death.cause == ENV_KILLED && death.status == 5, "env_life_killed_status");
    CHECK_ERROR(env_reap(id, NULL), E_BAD_ENV, "env_life_reap_twice");
}

static int return_status(void *arg)
{
    return (int)(uintptr_t)arg;
}

static int spin(void *arg)
{
    volatile uint32_t *count = arg;

    for (;;)
        ++*count;
}

static int wait_for_message(void *arg)
{
    struct ipc_msg msg = {.w = {0}};

    (void)arg;
    return ipc_recv(&msg);
}

static int read_at(void *arg)
{
    return *(volatile int *)arg;
}

static void check_causes(void)
{
    struct env_death death = {.cause = 0};
    envid_t id = thread_create(return_status, (void *)0x12345678);

    CHECK_OK(thread_join(id, &death), "env_life_join");
    CHECK(death.cause == ENV_EXITED && death.status == 0x12345678, "env_life_exited_status");
    id = thread_create(read_at, (void *)8);
    CHECK_OK(thread_join(id, &death), "env_life_join_faulted");
    CHECK(death.cause == ENV_FAULTED && death.vector == VECTOR_PAGE_FAULT && death.address == 8 &&
              death.error == 4 && death.eip >= USER_TEXT,
          "env_life_faulted");
    id = thread_create(wait_for_message, NULL);
    CHECK(test_wait_status(id, ENV_NOT_RUNNABLE), "env_life_blocked");
    CHECK_OK(env_destroy(id, 9), "env_life_destroy_blocked");
    (void)env_destroy(id, 10); /* it may be dead already */
    CHECK_OK(thread_join(id, &death), "env_life_join_killed");
    CHECK(death.cause == ENV_KILLED && death.status == 9, "env_life_first_killer_counts");
}

/* Stop and start of an env in each state, on each CPU. */
static void check_stop_on(uint32_t cpu)
{
    static volatile uint32_t count;
    envid_t id = test_thread_start(cpu, spin, (void *)(uintptr_t)&count);
    struct env_regs regs;
    bool good = id > 0;

    for (uint32_t i = 0; i < 50 && good; i++) {
        uint32_t flags = i % 2 == 0 ? 0 : ENV_STOP_ABORT;

        good = env_stop(id, flags) == 0 && env_read_regs(id, &regs) == 0;
        uint32_t seen = count;
        yield();
        good = good && count == seen && env_stop(id, flags) == 0 && env_start(id) == 0;
        while (good && count == seen)
            yield();
    }
    CHECK(good, cpu == 0 ? "env_life_stop_start_cpu0" : "env_life_stop_start_cpu1");
    thread_kill(id);
}

static void check_stop_blocked(void)
{
    struct ipc_msg msg = {.w = {0}};
    struct env_regs regs;
    struct env_death death = {.cause = 0};
    envid_t id = thread_create(wait_for_message, NULL);

    CHECK(test_wait_status(id, ENV_NOT_RUNNABLE), "env_life_stop_blocked_waits");
    CHECK_OK(env_stop(id, 0), "env_life_stop_blocked");
    CHECK_ERROR(env_read_regs(id, &regs), E_BUSY, "env_life_stop_blocked_stays");
    CHECK_OK(ipc_send(id, &msg), "env_life_stop_blocked_sent");
    while (env_read_regs(id, &regs) == -E_BUSY)
        yield();
    CHECK_OK(env_start(id), "env_life_stop_blocked_start");
    CHECK_OK(thread_join(id, &death), "env_life_stop_blocked_join");
    CHECK_EQ(death.status, env_self(), "env_life_stop_blocked_got");
    id = thread_create(wait_for_message, NULL);
    CHECK(test_wait_status(id, ENV_NOT_RUNNABLE), "env_life_abort_waits");
    CHECK_OK(env_stop(id, ENV_STOP_ABORT), "env_life_abort");
    CHECK_OK(env_read_regs(id, &regs), "env_life_abort_stopped");
    CHECK_EQ(regs.eax, (uint32_t)-E_ABORTED, "env_life_abort_result");
    CHECK_OK(env_start(id), "env_life_abort_start");
    CHECK_OK(thread_join(id, &death), "env_life_abort_join");
    CHECK_EQ(death.status, (uint32_t)-E_ABORTED, "env_life_abort_status");
}

/* One of higher priority stops one that is ready behind it, and never gives way. */
static int stop_from_above(void *arg)
{
    envid_t id = (envid_t)(uintptr_t)arg;
    struct env_regs regs;

    if (env_set_sched(0, SCHED_PRIO_DEFAULT + 2, 0) != 0 || env_start(id) != 0)
        return 1;
    if (env_stop(id, ENV_STOP_ABORT) != 0 || env_read_regs(id, &regs) != 0)
        return 2;
    if (env_start(id) != 0 || env_stop(id, 0) != 0 || env_read_regs(id, &regs) != 0)
        return 3;
    return 0;
}

static void check_stop_ready(void)
{
    static volatile uint32_t count;
    struct env_death death = {.cause = 0};
    envid_t low = thread_prepare(spin, (void *)(uintptr_t)&count);
    bool good = low > 0 && test_pin(low, 0) == 0;
    envid_t high = thread_create(stop_from_above, (void *)(uintptr_t)low);

    CHECK(good && thread_join(high, &death) == 0 && death.status == 0, "env_life_stop_ready");
    thread_kill(low);
}

static void check_stop_self(void)
{
    struct env_regs regs;
    struct env_death death = {.cause = 0};
    envid_t id = dumbfork();
    if (id == 0) {
        int result = env_stop(0, 0);

        (void)env_destroy(0, result == 0 ? 3 : 4);
    }
    while (env_read_regs(id, &regs) == -E_BUSY)
        yield();
    CHECK_EQ(env_record(id)->status, ENV_NOT_RUNNABLE, "env_life_stop_self");
    CHECK_OK(env_start(id), "env_life_stop_self_start");
    CHECK_OK(process_wait(id, &death), "env_life_stop_self_end");
    CHECK_EQ(death.status, 3, "env_life_stop_self_returns_0");
}

/* A parent ends before its child: the child becomes ours. */
static int parent_body(void *arg)
{
    envid_t *child = arg;

    *child = env_create(ENV_NEW_ASPACE, 0, 0, BIT_B);
    return *child > 0 ? 0 : 1;
}

static void check_orphan(void)
{
    static envid_t child;
    struct env_death death = {.cause = 0};
    envid_t parent = thread_create(parent_body, &child);

    CHECK_OK(thread_join(parent, &death), "env_life_orphan_parent");
    CHECK_EQ(env_record(child)->controller, env_self(), "env_life_orphan_adopted");
    CHECK_OK(env_destroy(child, 1), "env_life_orphan_destroy");
    /* With the bits of its parent: those of thread_create. */
    CHECK_OK(process_wait(child, &death), "env_life_orphan_wait");
    CHECK(death.cause == ENV_KILLED && death.status == 1, "env_life_orphan_status");
}

static int dead_child_body(void *arg)
{
    envid_t *child = arg;

    *child = env_create(ENV_NEW_ASPACE, 0, 0, BIT_B);
    (void)env_destroy(*child, 1);
    (void)notify_wait(BIT_B);
    return env_record(*child)->status == ENV_DEAD ? 0 : 1;
}

static void check_dead_orphan(void)
{
    static envid_t child;
    struct env_death death = {.cause = 0};
    envid_t parent = thread_create(dead_child_body, &child);

    CHECK(thread_join(parent, &death) == 0 && death.status == 0, "env_life_dead_orphan_parent");
    CHECK(env_record(child)->id != child, "env_life_dead_orphan_freed");
}

static void check_nobody_told(void)
{
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, 0);

    CHECK_OK(env_destroy(id, 0), "env_life_no_bits_destroy");
    while (env_record(id)->id == id)
        yield();
    CHECK_ERROR(env_reap(id, NULL), E_BAD_ENV, "env_life_no_bits_freed");
}

static void check_handed_on(void)
{
    envid_t other = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, BIT_A);

    CHECK_OK(env_set_controller(id, other, BIT_B), "env_life_hand_on");
    CHECK_EQ(env_record(id)->controller, other, "env_life_hand_on_record");
    CHECK_ERROR(env_destroy(id, 0), E_BAD_ENV, "env_life_hand_on_lost");
    process_kill(other);
    CHECK_EQ(env_record(id)->controller, env_self(), "env_life_hand_on_back");
    process_kill(id);
    CHECK(env_record(id)->id != id, "env_life_hand_on_killed");
}

static void check_stale_id(void)
{
    envid_t first = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    process_kill(first);
    envid_t second = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    CHECK_EQ(ENV_INDEX(second), ENV_INDEX(first), "env_life_slot_reused");
    CHECK_EQ(second, first + (1 << ENV_GEN_SHIFT), "env_life_next_generation");
    CHECK_ERROR(env_start(first), E_BAD_ENV, "env_life_stale_start");
    CHECK_ERROR(env_destroy(first, 0), E_BAD_ENV, "env_life_stale_destroy");
    CHECK_ERROR(env_reap(first, NULL), E_BAD_ENV, "env_life_stale_reap");
    CHECK_ERROR(page_alloc(first, USER_TEXT, 1, PERM_RW), E_BAD_ENV, "env_life_stale_memory");
    CHECK_ERROR(notify(first, 1), E_BAD_ENV, "env_life_stale_notify");
    CHECK_EQ(env_record(second)->id, second, "env_life_stale_no_harm");
    process_kill(second);
}

/* Message pages: UTCB_SLOTS envs share a space; then the whole table. */
static envid_t all[ENV_MAX];

static uint32_t create_all(uint32_t flags, uint32_t most, int *error)
{
    uint32_t count = 0;

    *error = 0;
    while (count < most) {
        envid_t id = env_create(flags, 0, 0, NOTIFY_CHILD);

        if (id < 0) {
            *error = id;
            break;
        }
        all[count++] = id;
    }
    return count;
}

static void kill_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)env_destroy(all[i], 0);
    for (uint32_t i = 0; i < count; i++)
        process_kill(all[i]);
}

static void check_full(void)
{
    struct kernel_counters before;
    struct kernel_counters now;
    int error;

    kernel_info(&before);
    uint32_t count = create_all(0, ENV_MAX, &error);
    CHECK_EQ(count, UTCB_SLOTS - 1, "env_life_utcb_slots");
    CHECK_ERROR(error, E_NO_FREE_ENV, "env_life_utcb_slots_error");
    kill_all(count);
    count = create_all(ENV_NEW_ASPACE, ENV_MAX, &error);
    kernel_info(&now);
    CHECK_EQ(now.envs, ENV_MAX, "env_life_table_full");
    CHECK_ERROR(error, E_NO_FREE_ENV, "env_life_table_full_error");
    kill_all(count);
    CHECK(test_counts_settle(&before), "env_life_all_is_free_again");
}

int main(void)
{
    check_bad_ids();
    check_create();
    check_causes();
    check_stop_on(0);
    if (test_cpus() > 1)
        check_stop_on(1);
    check_stop_blocked();
    check_stop_ready();
    check_stop_self();
    check_orphan();
    check_dead_orphan();
    check_nobody_told();
    check_handed_on();
    check_stale_id();
    check_full();
    return test_status();
}
