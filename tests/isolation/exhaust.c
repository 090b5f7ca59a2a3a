/* Using up what there is: page tables, queues, CPU time, env slots. Whoever does it gets an error, or waits; others go on, and
 * with its end all is there again (init looks at the counts when the program has ended). Frames: tests/user/memory.c. */
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

#define PLACE   0x10000000u
#define STRIDE  0x200000u /* what a page table covers */
#define QUOTA   400u
#define SENDERS 200u
#define BOMBS   3u

static struct env_limits limits_of(uint32_t frames)
{
    return (struct env_limits){.syscalls = {0xffffffffu, 0xffffffffu},
                               .send_count = ENV_SEND_ANY,
                               .priority = SCHED_PRIO_DEFAULT,
                               .ports = {{1, 0}, {1, 0}, {1, 0}, {1, 0}},
                               .frames = frames};
}

/* A page in each page table: the tables are charged like pages. */
static int tables_body(void *arg)
{
    struct env_limits limits = limits_of(QUOTA);
    struct aspace_usage usage;
    uint32_t mapped = 0;
    int error = 0;

    (void)arg;
    if (env_set_limits(0, &limits) != 0)
        return 1;
    while (error == 0 && mapped < QUOTA)
        error = page_alloc(0, PLACE + mapped++ * STRIDE, 1, PERM_RW);
    if (error != -E_QUOTA || aspace_info(0, &usage) != 0)
        return 2;
    return usage.frames <= QUOTA && mapped <= QUOTA / 2 ? 0 : 3;
}

/* As many senders in line as there can be threads: the first comes first, and the line ends with its owner. */
static envid_t owner;

static int sender_body(void *arg)
{
    struct ipc_msg msg = {.w = {(uint32_t)(uintptr_t)arg}};

    return ipc_send(owner, &msg) == -E_DEAD ? 0 : 1;
}

static int owner_body(void *arg)
{
    (void)arg;
    for (;;)
        (void)notify_wait(1); /* takes no message */
}

static void check_queue(void)
{
    static envid_t senders[SENDERS];
    uint32_t started = 0;
    uint32_t told = 0;

    owner = thread_create(owner_body, NULL);
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = thread_create(sender_body, (void *)(uintptr_t)i);
        started += senders[i] > 0;
    }
    CHECK_EQ(started, SENDERS, "isolation_exhaust_senders");
    for (uint32_t i = 0; i < SENDERS; i++)
        (void)!test_wait_status(senders[i], ENV_NOT_RUNNABLE);
    CHECK_OK(notify(owner, 2), "isolation_exhaust_line_does_not_stop_notifications");
    thread_kill(owner);
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct env_death death = {.cause = 0};

        told +=
            thread_join(senders[i], &death) == 0 && death.cause == ENV_EXITED && death.status == 0;
    }
    CHECK_EQ(told, SENDERS, "isolation_exhaust_line_ends");
}

/* Loops without end on every CPU, of the highest priority that they may have: what is above runs at once, what is their equal in
 * its turn. */
static int loop_body(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("");
}

static volatile uint32_t turns;

static int worker_body(void *arg)
{
    (void)arg;
    for (turns = 0; turns < 50; turns++)
        yield();
    return 0;
}

static void check_cpu_time(void)
{
    envid_t loops[32];
    uint32_t count = test_cpus() < 16 ? 2 * test_cpus() : 32;
    struct env_death death = {.cause = 0};

    for (uint32_t i = 0; i < count; i++)
        loops[i] = test_thread_start(i % test_cpus(), loop_body, NULL);
    envid_t worker = test_thread_start(0, worker_body, NULL);
    CHECK(thread_join(worker, &death) == 0 && death.cause == ENV_EXITED,
          "isolation_exhaust_equal_gets_its_turn");
    for (uint32_t i = 0; i < count; i++)
        thread_kill(loops[i]);
}

/* Each copy makes more of itself until there are no slots; it may end only what is its own. */
static int bomb_body(void *arg)
{
    uint32_t failed = 0;

    (void)arg;
    while (failed < 3) {
        envid_t child = env_create_copy(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

        failed += child < 0;
        if (child >= 0)
            failed = 0;
    }
    for (;;)
        yield();
}

static int answer_body(void *arg)
{
    struct ipc_msg msg;
    envid_t client = ipc_recv(&msg);

    (void)arg;
    for (;;) {
        msg.w[0]++;
        client = ipc_reply_recv(client, &msg);
    }
}

static uint32_t end_all_of_ours(void)
{
    uint32_t found = 0;

    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->controller == env_self() && record->status != ENV_FREE) {
            process_kill(record->id);
            found++;
        }
    }
    return found;
}

static void check_slots(void)
{
    envid_t server = thread_create(answer_body, NULL);
    envid_t bombs[BOMBS];
    struct ipc_msg msg = {.w = {0}};
    uint32_t good = 0;

    for (uint32_t i = 0; i < BOMBS; i++)
        bombs[i] = test_child_start(bomb_body, NULL);
    while (env_create(0, 0, 0, 0) != -E_NO_FREE_ENV)
        yield(); /* what we get ourselves goes the same way */
    for (uint32_t i = 0; i < 100; i++)
        good += ipc_call(server, &msg) > 0 && msg.w[0] == i + 1;
    CHECK_EQ(good, 100, "isolation_exhaust_slots_others_go_on");
    for (uint32_t i = 0; i < BOMBS; i++)
        process_kill(bombs[i]);
    thread_kill(server);
    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->controller == env_self() && record->status != ENV_FREE)
            (void)!env_set_controller(record->id, env_self(), NOTIFY_CHILD);
    }
    while (end_all_of_ours() != 0) {}
    envid_t again = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    CHECK_OK(again, "isolation_exhaust_slots_again");
    process_kill(again);
}

int main(void)
{
    CHECK_CHILD(tables_body, NULL, "isolation_exhaust_page_tables");
    check_queue();
    check_cpu_time();
    check_slots();
    return test_status();
}
