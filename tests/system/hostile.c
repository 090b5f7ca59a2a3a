/* Clients that do not keep to the protocols: each server goes on, and nothing is left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bootfs.h"
#include "abi/console.h"
#include "abi/init.h"
#include "grain/ipc.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/system/system.h"

#define SOME_US 20000u
#define FLOOD   200u
#define RANDOM  400u
#define DEATHS  20u
#define MAKINGS 1000u
#define CALL_US 2000000u
#define SERVER_LIST                              \
    {                                            \
        SERVER_PAGER, SERVER_PROC, SERVER_BOOTFS \
    }

static envid_t id_of(enum server server)
{
    switch (server) {
    case SERVER_PAGER:
        return process_servers.pager;
    case SERVER_PROC:
        return process_servers.proc;
    case SERVER_BOOTFS:
        return process_servers.bootfs;
    case SERVER_CONSOLE:
        return process_servers.console;
    case SERVER_INIT:
        break;
    }
    return process_servers.init;
}

static int call(enum server server, uint32_t w0, uint32_t w1, uint32_t w2)
{
    struct ipc_msg msg = {.w = {w0, w1, w2, 0}};

    return server_call(server, 0, &msg, NULL);
}

/* ---- What is not allowed, and what there is not. ---- */

static void check_unknown(void)
{
    CHECK_ERROR(call(SERVER_PAGER, 0, 0, 0), E_NO_SYS, "hostile_pager_0");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_OP_END, 0, 0), E_NO_SYS, "hostile_pager_end");
    CHECK_ERROR(call(SERVER_PAGER, 0xffffffff, 0, 0), E_NO_SYS, "hostile_pager_all_ones");
    CHECK_ERROR(call(SERVER_PROC, 0, 0, 0), E_NO_SYS, "hostile_proc_0");
    CHECK_ERROR(call(SERVER_PROC, PROC_OP_END, 0, 0), E_NO_SYS, "hostile_proc_end");
    CHECK_ERROR(call(SERVER_PROC, PAGER_MAP, 0, 0), E_NO_SYS, "hostile_proc_other_server");
}

static void check_forbidden(void)
{
    envid_t self = env_self();

    CHECK_ERROR(call(SERVER_PAGER, PAGER_CREATE, (uint32_t)self, 0), E_PERM, "hostile_create");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_FORK, (uint32_t)self, (uint32_t)self), E_PERM,
                "hostile_fork");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_CLEAR, (uint32_t)self, 0), E_PERM, "hostile_clear");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_DESTROY, (uint32_t)self, 0), E_PERM, "hostile_destroy");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_REGION, (uint32_t)self, 0), E_PERM, "hostile_region");
    CHECK_ERROR(call(SERVER_PAGER, PAGER_SETUP, 0, 0), E_INVAL, "hostile_pager_setup");
    CHECK_ERROR(call(SERVER_PROC, PROC_SETUP, 0, 0), E_INVAL, "hostile_proc_setup");
    CHECK_ERROR(call(SERVER_PROC, PROC_INTERRUPT, 1, 0), E_PERM, "hostile_interrupt");
    CHECK_ERROR(call(SERVER_PROC, PROC_WAIT, 0, 0xff), E_INVAL, "hostile_wait_flags");
    CHECK_ERROR(call(SERVER_PROC, PROC_THREAD_JOIN, (uint32_t)process_servers.proc, 0), E_BAD_ENV,
                "hostile_join");
    memcpy(utcb()->words, &process_servers, sizeof(process_servers));
    struct ipc_msg msg = {.w = {PROC_SETUP}};
    CHECK_ERROR(server_call(SERVER_PROC, IPC_SEND_WORDS(8), &msg, NULL), E_PERM,
                "hostile_init_proc");
    memcpy(utcb()->words, &process_servers, sizeof(process_servers));
    msg = (struct ipc_msg){.w = {PAGER_SETUP}};
    CHECK_ERROR(server_call(SERVER_PAGER, IPC_SEND_WORDS(8), &msg, NULL), E_PERM,
                "hostile_init_pager");
    CHECK(env_set_pager(0, self) == -E_PERM && env_set_controller(0, self, 0) == -E_PERM &&
              page_alloc(0, 0x50000000, 1, PERM_RW) == -E_PERM,
          "hostile_system_calls");
    CHECK_ERROR(env_destroy(process_servers.proc, 0), E_BAD_ENV, "hostile_destroy_proc");
}

/* A fault that is none gets nothing that is not one's own. */
static void check_forged_faults(void)
{
    uint32_t label = IPC_LABEL_FAULT | 14u | 2u << 8;
    uintptr_t va = 0;

    CHECK_ERROR(call(SERVER_PAGER, label, 0x1000, 0), E_FAULT, "hostile_fault_nowhere");
    CHECK_ERROR(call(SERVER_PAGER, label, USER_TEXT, 0), E_FAULT, "hostile_fault_text");
    CHECK_ERROR(call(SERVER_PAGER, label, 0xffffffff, 0), E_FAULT, "hostile_fault_kernel");
    CHECK_OK(memory_map(&va, PAGE_SIZE, PERM_RW), "hostile_fault_map");
    CHECK_EQ(call(SERVER_PAGER, label, va, 0), 0, "hostile_fault_own");
    CHECK(page_perm(va) != 0 && *(volatile uint32_t *)va == 0, "hostile_fault_page");
    CHECK_OK(memory_unmap(va, PAGE_SIZE), "hostile_fault_unmap");
}

/* ---- Clients that are not there for the answer. ---- */

/* Messages without end, and no wait for an answer. The pager's answer to one of them may still be on its way
 * when the client faults, and is then the answer to the fault: a refusal, and its end. That is its own harm;
 * what it does not take with it is what this looks at. */
static int flood(uintptr_t server)
{
    for (uint32_t i = 0; i < FLOOD; i++) {
        const struct ipc_msg msg = {
            .w = {(uint32_t)SERVER_OP(server, 1 + i % 12), (uint32_t)env_self(), i, i}};

        /* Neither its own end, nor a wait that has no end. */
        if (msg.w[0] == PROC_EXIT || msg.w[0] == PROC_THREAD_EXIT || msg.w[0] == PROC_FORK ||
            msg.w[0] == PROC_THREAD)
            continue;
        if (ipc_send(id_of((enum server)server), &msg) < 0)
            return 1;
    }
    return 0;
}

static void check_floods(void)
{
    static const enum server servers[] = SERVER_LIST;
    pid_t pids[6];
    bool good = true;

    for (uint32_t i = 0; i < 6; i++)
        pids[i] = child_start(flood, servers[i % 3]);
    CHECK(system_works(), "hostile_floods_meanwhile");
    for (uint32_t i = 0; i < 6; i++) {
        int status = child_end(pids[i]);

        good = good && (status == 0 || (servers[i % 3] == SERVER_PAGER && WIFFAULTED(status)));
    }
    CHECK(good, "hostile_floods_end");
    CHECK(system_works(), "hostile_floods");
}

static int thread_wait(void *arg)
{
    (void)arg;
    return (int)waitpid(0, NULL, 0);
}

static int outlive(uintptr_t arg)
{
    sleep_us(10 * SOME_US);
    return (int)arg;
}

/* Threads that wait in calls when their process ends. */
static int die_waiting(uintptr_t how)
{
    pid_t child = child_start(outlive, 0);

    for (uint32_t i = 0; i < 3; i++) {
        if (child < 0 || thread_create(thread_wait, NULL) < 0)
            return 1;
    }
    sleep_us(1000);
    if (how % 3 == 0)
        return 0;
    if (how % 3 == 1)
        *(volatile uint32_t *)0x1000 = 0;
    for (;;)
        sleep(1000);
}

static void check_deaths(void)
{
    bool good = true;

    for (uint32_t i = 0; i < DEATHS; i++) {
        pid_t pid = child_start(die_waiting, i);

        if (i % 3 == 2) {
            sleep_us(i * 300);
            good = kill(pid) == 0 && good;
        }
        int status = child_end(pid);
        good = good && (i % 3 == 0   ? status == 0
                        : i % 3 == 1 ? WIFFAULTED(status)
                                     : WIFKILLED(status));
    }
    CHECK(good, "hostile_die_in_calls");
    CHECK(system_works(), "hostile_deaths");
}

/* ---- Threads that are ended while proc makes them. ---- */

static volatile bool made_all;

/* Ends all envs of the process but its maker and itself, as soon as they show in the public records. */
static int end_what_is_made(void *maker)
{
    envid_t self = env_self();
    uint32_t aspace = env_record(self)->aspace;

    while (!made_all) {
        for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
            const struct env_public *record = env_record(i);
            envid_t id = record->id;

            if (record->aspace == aspace && record->status != ENV_FREE && id != self &&
                id != (envid_t)(uintptr_t)maker)
                (void)env_destroy(id, 0);
        }
    }
    return 0;
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int make_what_is_ended(uintptr_t makings)
{
    envid_t ender = thread_create(end_what_is_made, (void *)(uintptr_t)env_self());
    uint32_t refused = 0;

    for (uintptr_t i = 0; i < makings && ender > 0; i++) {
        envid_t thread = thread_create(do_nothing, NULL);

        if (thread > 0 && thread_join(thread, NULL) < 0)
            return 1;
        refused += thread < 0;
    }
    made_all = true;
    printf("# %u of %u threads ended before they began\n", refused, (uint32_t)makings);
    return ender > 0 && thread_join(ender, NULL) == 0 ? 0 : 2;
}

static void check_makings(const struct kernel_counters *before)
{
    if (test_cpus() == 1) {
        TEST_SKIP("hostile_made_and_ended", "nobody runs while proc makes a thread");
        return;
    }
    CHECK_EQ(child_run(make_what_is_ended, MAKINGS), 0, "hostile_made_and_ended");
    CHECK(test_counts_settle(before), "hostile_made_and_ended_leak");
}

/* ---- Anything. ---- */

static uint32_t random_word(uint32_t *state)
{
    static const uint32_t corners[] = {0,          1,          0xffffffff,  0x80000000,
                                       0x7fffffff, USER_TEXT,  USER_TOP,    PAGE_SIZE,
                                       0x50000000, 0x10000000, KERNEL_BASE, 0x50000fff};
    uint32_t which = rand_below(state, 3);

    if (which == 0)
        return corners[rand_below(state, sizeof(corners) / sizeof(corners[0]))];
    return which == 1 ? rand_below(state, 64) : rand_r(state);
}

/* What would end us, or wait for what does not come, on purpose. */
static bool is_excluded(uint32_t label)
{
    return label == PROC_EXIT || label == PROC_THREAD_EXIT || label == PROC_KILL ||
           label == PAGER_UNMAP || label == PAGER_BREAK || label == PROC_FORK ||
           label == PROC_THREAD || label == PROC_EXEC || label == PROC_SPAWN ||
           SERVER_OF(label) == SERVER_CONSOLE || label == INIT_KILL;
}

static int random_calls(uintptr_t seed)
{
    static const enum server servers[] = {SERVER_PAGER, SERVER_PROC, SERVER_BOOTFS, SERVER_INIT};
    uint32_t state = (uint32_t)seed + 1;

    for (uint32_t i = 0; i < RANDOM; i++) {
        enum server server = servers[rand_below(&state, 4)];
        struct ipc_msg msg;
        uint32_t flags = IPC_OP_CALL | IPC_TIMED | IPC_SEND_WORDS(rand_below(&state, 61));

        for (uint32_t w = 0; w < 4; w++)
            msg.w[w] = random_word(&state);
        for (uint32_t w = 0; w < IPC_WORDS_MAX; w++)
            utcb()->words[w] = random_word(&state);
        if (rand_below(&state, 8) != 0)
            msg.w[0] = SERVER_OP(server, rand_below(&state, 24));
        if (is_excluded(msg.w[0]))
            continue;
        if (rand_below(&state, 3) == 0) {
            ipc_set_pages(USER_TEXT, 1 + rand_below(&state, 5), PERM_R);
            flags |= IPC_PAGES;
        }
        ipc_set_timeouts(CALL_US, rand_below(&state, 2) == 0 ? 200 : CALL_US);
        (void)ipc(flags, id_of(server), &msg);
    }
    return 0;
}

static void check_random(void)
{
    pid_t pids[4];
    bool good = true;

    for (uint32_t i = 0; i < 4; i++)
        pids[i] = child_start(random_calls, i * 7919);
    for (uint32_t i = 0; i < 4; i++)
        good = child_end(pids[i]) == 0 && good;
    CHECK(good, "hostile_random");
    CHECK(system_works(), "hostile_random_after");
}

static void check_notified(void)
{
    static const enum server servers[] = SERVER_LIST;

    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t bit = 0; bit < 32; bit++)
            (void)notify(id_of(servers[i]), 1u << bit);
    }
    CHECK(system_works(), "hostile_notified");
}

int main(void)
{
    struct kernel_counters before;

    CHECK(system_works(), "hostile_before");
    before = counts_settled();
    check_unknown();
    check_forbidden();
    check_forged_faults();
    check_floods();
    check_deaths();
    check_makings(&before);
    check_random();
    check_notified();
    CHECK(test_counts_settle(&before), "hostile_no_leak");
    return test_status();
}
