/* Several envs at one mailbox (env_attach). */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define WORKERS   4u
#define CLIENTS   4u
#define CALLS     1500u
#define SLEEPERS  12u /* more than the machine has CPUs */
#define LABEL_END 0xffffffffu

/* One mailbox that others serve, and what they did. */
struct pool {
    envid_t owner;
    volatile uint32_t attached;
    volatile uint8_t served[CLIENTS][CALLS]; /* how often each call was served */
    volatile uint32_t by_worker[WORKERS];
    volatile int32_t last_error;
    volatile bool owner_may_end;
};

static struct pool pool;

static int owner(void *arg)
{
    (void)arg;
    while (!pool.owner_may_end)
        (void)notify_wait(1);
    return 0;
}

/* An owner that only waits for others to serve its mailbox: it may not wait there itself. */
static int idle_owner(void *arg)
{
    (void)arg;
    while (!pool.owner_may_end)
        yield();
    return 0;
}

static int worker(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    struct ipc_msg msg = {.w = {0}};

    if (env_attach(pool.owner) != 0)
        return 1;
    __atomic_fetch_add(&pool.attached, 1, __ATOMIC_SEQ_CST);
    int32_t from = ipc_recv(&msg);
    while (from > 0 && msg.w[0] != LABEL_END) {
        __atomic_fetch_add(&pool.served[msg.w[0]][msg.w[1]], 1, __ATOMIC_SEQ_CST);
        pool.by_worker[number]++;
        msg = (struct ipc_msg){.w = {msg.w[0], msg.w[1], msg.w[0] ^ msg.w[1], number}};
        from = ipc_reply_recv(ipc_sender(from), &msg);
    }
    pool.last_error = from;
    return 0;
}

static int client(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;

    for (uint32_t i = 0; i < CALLS; i++) {
        struct ipc_msg msg = {.w = {number, i}};

        if (ipc_call(pool.owner, &msg) <= 0)
            return 1;
        if (msg.w[0] != number || msg.w[1] != i || msg.w[2] != (number ^ i))
            return 2;
    }
    return 0;
}

static void wait_attached(uint32_t count)
{
    while (pool.attached != count)
        sleep_us(200);
}

static bool start_pool(test_fn *fn, envid_t workers[WORKERS])
{
    bool good = true;

    pool = (struct pool){.owner = 0};
    pool.owner = test_thread_start(0, fn, NULL);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = test_thread_start(i % test_cpus(), worker, (void *)(uintptr_t)i);
        good = good && workers[i] > 0;
    }
    if (good && pool.owner > 0)
        wait_attached(WORKERS);
    return good && pool.owner > 0;
}

static bool join_good(envid_t id)
{
    struct env_death death = {.cause = 0};

    return thread_join(id, &death) == 0 && death.cause == ENV_EXITED && death.status == 0;
}

static bool end_pool(envid_t workers[WORKERS])
{
    bool good = true;

    for (uint32_t i = 0; i < WORKERS; i++) {
        struct ipc_msg end = {.w = {LABEL_END}};

        good = ipc_send(pool.owner, &end) == 0 && good;
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        good = join_good(workers[i]) && good;
    pool.owner_may_end = true;
    (void)!notify(pool.owner, 1);
    return join_good(pool.owner) && good;
}

static bool served_once(void)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        for (uint32_t j = 0; j < CALLS; j++) {
            if (pool.served[i][j] != 1)
                return false;
        }
    }
    return true;
}

/* Clients call the owner; whoever serves its mailbox answers, and each call is served once. */
static void check_served_once(void)
{
    envid_t workers[WORKERS];
    envid_t clients[CLIENTS];
    bool good = true;

    if (!CHECK(start_pool(owner, workers), "ipc_mailbox_start"))
        return;
    for (uint32_t i = 0; i < CLIENTS; i++)
        clients[i] = test_thread_start((i + 1) % test_cpus(), client, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i < CLIENTS; i++)
        good = join_good(clients[i]) && good;
    CHECK(good, "ipc_mailbox_answers");
    CHECK(served_once(), "ipc_mailbox_served_once");
    CHECK(end_pool(workers), "ipc_mailbox_end");
}

/* A call to a worker's own id goes to the same mailbox, and whoever serves it may answer. */
static void check_call_to_worker(void)
{
    envid_t workers[WORKERS];
    bool good = true;

    if (!CHECK(start_pool(owner, workers), "ipc_mailbox_worker_start"))
        return;
    for (uint32_t i = 0; i < 4 * WORKERS; i++) {
        struct ipc_msg msg = {.w = {0, i}};

        ipc_set_timeouts(TEST_PATIENCE_US, TEST_PATIENCE_US);
        good =
            ipc(IPC_OP_CALL | IPC_TIMED, workers[i % WORKERS], &msg) > 0 && msg.w[2] == i && good;
    }
    CHECK(good, "ipc_mailbox_call_to_worker");
    CHECK(end_pool(workers), "ipc_mailbox_worker_end");
}

/* While every worker waits, the one on the sender's CPU is taken. */
static bool workers_wait(const envid_t workers[WORKERS])
{
    bool good = true;

    for (uint32_t i = 0; i < WORKERS; i++)
        good = test_wait_status(workers[i], ENV_NOT_RUNNABLE) && good;
    return good;
}

static void check_prefers_own_cpu(void)
{
    envid_t workers[WORKERS];
    bool near = true;

    if (test_cpus() < WORKERS) {
        TEST_SKIP("ipc_mailbox_prefers_own_cpu", "not a CPU for each worker");
        return;
    }
    if (!CHECK(start_pool(owner, workers), "ipc_mailbox_near_start"))
        return;
    for (uint32_t i = 0; i < 8 * WORKERS; i++) {
        struct ipc_msg msg = {.w = {1, i}};

        near = test_pin(0, i % WORKERS) == 0 && workers_wait(workers) && near;
        near = ipc_call(pool.owner, &msg) > 0 && msg.w[3] == i % WORKERS && near;
    }
    CHECK(test_pin(0, 0) == 0 && near, "ipc_mailbox_prefers_own_cpu");
    CHECK(end_pool(workers), "ipc_mailbox_near_end");
}

/* Workers that wait for notifications do not hide one that waits for messages. */
static int sleeper(void *arg)
{
    struct ipc_msg msg;

    (void)arg;
    if (env_attach(pool.owner) != 0)
        return 1;
    __atomic_fetch_add(&pool.attached, 1, __ATOMIC_SEQ_CST);
    return ipc_recv_from(0, &msg) == 0 ? 0 : 2;
}

static void check_among_sleepers(void)
{
    envid_t sleepers[SLEEPERS];
    bool good = true;
    struct ipc_msg end = {.w = {LABEL_END}};

    pool = (struct pool){.owner = 0};
    pool.owner = test_thread_start(0, idle_owner, NULL);
    for (uint32_t i = 0; i < SLEEPERS; i++)
        sleepers[i] = test_thread_start(i % test_cpus(), sleeper, NULL);
    wait_attached(SLEEPERS);
    for (uint32_t i = 0; i < SLEEPERS; i++)
        good = test_wait_status(sleepers[i], ENV_NOT_RUNNABLE) && good;
    envid_t last = test_thread_start(0, worker, NULL);
    wait_attached(SLEEPERS + 1);
    good = test_wait_status(last, ENV_NOT_RUNNABLE) && good;
    CHECK(good, "ipc_mailbox_sleepers_wait");
    CHECK_OK(ipc_try_send(pool.owner, &end), "ipc_mailbox_found_among_sleepers");
    CHECK(join_good(last), "ipc_mailbox_found_among_sleepers_end");
    for (uint32_t i = 0; i < SLEEPERS; i++)
        good = notify(pool.owner, 1) == 0 && good;
    /* Bits or-ed before the next sleeper was there wake one alone: until all are awake. */
    for (uint32_t i = 0; i < SLEEPERS; i++) {
        while (env_record(sleepers[i])->status != ENV_DEAD) {
            good = notify(pool.owner, 1) == 0 && good;
            yield();
        }
        good = join_good(sleepers[i]) && good;
    }
    pool.owner_may_end = true;
    CHECK(join_good(pool.owner) && good, "ipc_mailbox_sleepers_notified");
}

/* The owner ends: workers that wait, and those that come back to wait, are told once. */
static int orphan(void *arg)
{
    volatile bool *may_receive = arg;
    struct ipc_msg msg;

    if (env_attach(pool.owner) != 0)
        return 1;
    __atomic_fetch_add(&pool.attached, 1, __ATOMIC_SEQ_CST);
    while (may_receive != NULL && !*may_receive)
        yield();
    if (ipc_recv(&msg) != -E_DEAD)
        return 2;
    ipc_set_timeouts(0, 500);
    return ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg) == -E_TIMEOUT ? 0 : 3;
}

static void check_owner_dies(uint32_t cpu, const char *id)
{
    static volatile bool may_receive;
    bool good;

    may_receive = false;
    pool = (struct pool){.owner = 0};
    pool.owner = test_thread_start(0, idle_owner, NULL);
    envid_t waits = test_thread_start(cpu, orphan, NULL);
    envid_t comes = test_thread_start(cpu, orphan, (void *)(uintptr_t)&may_receive);
    wait_attached(2);
    good = test_wait_status(waits, ENV_NOT_RUNNABLE);
    thread_kill(pool.owner);
    may_receive = true;
    good = join_good(waits) && good;
    good = join_good(comes) && good;
    CHECK(good, id);
}

/* A client that waits for the owner alone, which never received anything itself, learns of its end. */
static int waits_for_owner(void *arg)
{
    struct ipc_msg msg = {.w = {0, 0}};

    (void)arg;
    return ipc_call(pool.owner, &msg) == -E_DEAD ? 0 : 1;
}

static int takes_one(void *arg)
{
    struct ipc_msg msg;

    (void)arg;
    if (env_attach(pool.owner) != 0)
        return 1;
    if (ipc_recv(&msg) <= 0)
        return 2;
    __atomic_fetch_add(&pool.attached, 1, __ATOMIC_SEQ_CST);
    return ipc_recv(&msg) == -E_DEAD ? 0 : 3;
}

static void check_owner_of_callers_dies(void)
{
    bool good;

    pool = (struct pool){.owner = 0};
    pool.owner = test_thread_start(0, idle_owner, NULL);
    envid_t taker = test_thread_start(0, takes_one, NULL);
    envid_t caller = test_thread_start(test_cpus() - 1, waits_for_owner, NULL);
    wait_attached(1);
    good = test_wait_status(caller, ENV_NOT_RUNNABLE);
    thread_kill(pool.owner);
    CHECK(join_good(caller) && good, "ipc_mailbox_owner_of_caller_dies");
    CHECK(join_good(taker), "ipc_mailbox_owner_of_taker_dies");
}

/* The owner dies while workers come and go: none of them waits for ever, and none of them takes what is
 * meant for whoever gets the owner's slot. */
static int churner(void *arg)
{
    envid_t box = (envid_t)(uintptr_t)arg;

    for (;;) {
        struct ipc_msg msg;

        if (env_attach(box) != 0)
            return 0;
        ipc_set_timeouts(0, 20);
        int32_t result = ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg);
        if (result == -E_DEAD)
            return 0;
        if (result != -E_TIMEOUT && result != 0)
            return 1;
        ipc_set_timeouts(0, IPC_NEVER);
        result = ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg);
        if (result == -E_DEAD)
            return 0;
        if (result != 0)
            return 2;
    }
}

static void check_owner_dies_any_time(void)
{
    bool good = true;

    for (uint32_t round = 0; round < 60 && good; round++) {
        envid_t workers[2];

        pool = (struct pool){.owner = 0};
        envid_t box = test_thread_start(0, idle_owner, NULL);
        for (uint32_t i = 0; i < 2; i++)
            workers[i] = test_thread_start((i + 1) % test_cpus(), churner, (void *)(uintptr_t)box);
        for (uint32_t i = 0; i < round; i++)
            good = notify(box, 1) == 0 && good;
        thread_kill(box);
        /* Its slot, at once another's: that has to get what it is sent. */
        envid_t next = env_create(0, 0, 0, 0x10);
        good = next > 0 && notify(next, 1) == 0 && good;
        for (uint32_t i = 0; i < 2; i++)
            good = join_good(workers[i]) && good;
        good = env_destroy(next, 0) == 0 && good;
        (void)notify_wait(0x10);
        good = env_reap(next, NULL) == 0 && good;
    }
    CHECK(good, "ipc_mailbox_owner_dies_any_time");
}

/* What env_attach refuses. */
static int attached_idle(void *arg)
{
    (void)arg;
    if (env_attach(pool.owner) != 0)
        return 1;
    pool.attached = 1;
    while (!pool.owner_may_end)
        yield();
    return 0;
}

static int in_child(void *arg)
{
    envid_t parent = (envid_t)(uintptr_t)arg;

    return env_attach(parent) == -E_BAD_ENV ? 0 : 1;
}

static int sends_to(void *arg)
{
    struct ipc_msg msg = {.w = {0}};

    return ipc_send((envid_t)(uintptr_t)arg, &msg);
}

static void check_refused(void)
{
    struct ipc_msg msg;

    pool = (struct pool){.owner = env_self()};
    CHECK_ERROR(env_attach(0x7ffff001), E_BAD_ENV, "ipc_mailbox_attach_bad_id");
    CHECK_OK(env_attach(0), "ipc_mailbox_attach_own");
    CHECK_OK(env_attach(env_self()), "ipc_mailbox_attach_own_by_id");
    CHECK_CHILD(in_child, (void *)(uintptr_t)env_self(), "ipc_mailbox_attach_other_aspace");
    envid_t other = test_thread_start(0, attached_idle, NULL);
    wait_attached(1);
    CHECK_ERROR(env_attach(other), E_BUSY, "ipc_mailbox_attach_to_attached");
    envid_t sender = test_thread_start(0, sends_to, (void *)(uintptr_t)env_self());
    CHECK(test_wait_status(sender, ENV_NOT_RUNNABLE), "ipc_mailbox_attach_sender_waits");
    pool.owner_may_end = true;
    CHECK(join_good(other), "ipc_mailbox_attached_ends");
    envid_t box = thread_prepare(idle_owner, NULL);
    CHECK_ERROR(env_attach(box), E_BUSY, "ipc_mailbox_attach_with_senders");
    CHECK_EQ(ipc_recv_from(sender, &msg), sender, "ipc_mailbox_attach_sender_taken");
    CHECK(join_good(sender), "ipc_mailbox_attach_sender_ends");
    CHECK_OK(env_attach(box), "ipc_mailbox_attach_stopped");
    CHECK_OK(env_attach(0), "ipc_mailbox_attach_back");
    thread_kill(box);
}

/* An answer that comes before the client has run again, while the owner of the mailbox has something for the client as well. All
 * are on one CPU, and the priorities say in which order they run: the client calls the owner, who does not receive; the owner sends
 * to the client pages that do not fit; a worker takes the call, of higher priority, and answers at once. */
#define CROSSED_PAGES 0x60000000u
#define CROSSED_WIN   0x60100000u
#define CROSSED_US    50000u
#define ANSWER        0x55u

struct crossed {
    envid_t owner, client, worker;
    bool is_timed, is_answered;
    volatile bool owner_sends, client_is_done;
    volatile int32_t sent;     /* of the owner */
    volatile int32_t answered; /* of the worker */
    volatile int32_t called;   /* of the client, */
    volatile uint32_t got;     /* and the word */
    volatile int32_t then;     /* what it received next */
};

static struct crossed crossed;

static int crossed_owner(void *arg)
{
    struct ipc_msg msg = {.w = {1}};

    (void)arg;
    (void)notify_wait(1);
    crossed.owner_sends = true;
    ipc_set_pages(CROSSED_PAGES, 2, PERM_R);
    crossed.sent = ipc(IPC_OP_SEND | IPC_PAGES, crossed.client, &msg);
    (void)notify_wait(1); /* its end would be the client's answer */
    return 0;
}

static int crossed_client(void *arg)
{
    struct ipc_msg msg = {.w = {2}};
    uint32_t timed = crossed.is_timed ? IPC_TIMED : 0;

    (void)arg;
    ipc_set_window(CROSSED_WIN, 1);
    ipc_set_timeouts(TEST_PATIENCE_US, crossed.is_answered ? TEST_PATIENCE_US : CROSSED_US);
    crossed.called = ipc(IPC_OP_CALL | IPC_WINDOW | timed, crossed.owner, &msg);
    crossed.got = msg.w[0];
    ipc_set_timeouts(0, 0);
    crossed.then = ipc(IPC_OP_RECV | IPC_WINDOW | IPC_TIMED, 0, &msg);
    crossed.client_is_done = true;
    return 0;
}

static int crossed_worker(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from;

    (void)arg;
    if (env_attach(crossed.owner) != 0)
        return 1;
    from = ipc_recv(&msg);
    if (ipc_sender(from) != crossed.client)
        return 2;
    msg.w[0] = ANSWER;
    if (crossed.is_answered)
        crossed.answered = ipc_reply(crossed.client, &msg);
    return 0;
}

static bool crossed_start(void)
{
    crossed.owner = test_thread_start(0, crossed_owner, NULL);
    crossed.client = thread_prepare(crossed_client, NULL);
    crossed.worker = thread_prepare(crossed_worker, NULL);
    return crossed.owner > 0 && crossed.client > 0 && crossed.worker > 0 &&
           test_wait_status(crossed.owner, ENV_NOT_RUNNABLE) &&
           env_set_sched(crossed.client, SCHED_PRIO_DEFAULT, 0) == 0 &&
           env_set_sched(crossed.worker, SCHED_PRIO_DEFAULT + 1, 0) == 0;
}

/* The owner runs only when this env waits: from when it says that it sends, to when it does not run. */
static bool crossed_cross(void)
{
    if (env_start(crossed.client) != 0 || !test_wait_status(crossed.client, ENV_NOT_RUNNABLE) ||
        notify(crossed.owner, 1) != 0)
        return false;
    for (uint32_t i = 0; i < TEST_PATIENCE_MS && !crossed.owner_sends; i++)
        sleep_us(1000);
    return crossed.owner_sends && test_wait_status(crossed.owner, ENV_NOT_RUNNABLE) &&
           env_start(crossed.worker) == 0;
}

static bool crossed_client_ends(void)
{
    uint32_t tries = crossed.answered == 0 ? TEST_PATIENCE_MS : 0;

    while (!crossed.client_is_done && tries-- > 0)
        sleep_us(1000);
    return crossed.client_is_done;
}

static void check_crossed(bool is_timed, bool is_answered, const char *id)
{
    bool good;

    crossed = (struct crossed){.is_timed = is_timed, .is_answered = is_answered, .sent = 1};
    good = crossed_start() && crossed_cross() && join_good(crossed.worker);
    if (good && is_answered)
        good = crossed.answered == 0 && crossed_client_ends() &&
               ipc_sender(crossed.called) == crossed.worker && crossed.got == ANSWER;
    else if (good)
        good = crossed_client_ends() && crossed.called == -E_TIMEOUT;
    good = good && crossed.then == -E_TIMEOUT && notify(crossed.owner, 1) == 0 &&
           join_good(crossed.owner) && crossed.sent == -E_MSG_SIZE;
    test_report(good, id, "answer %d, call %d, word %x, send %d, next %d", crossed.answered,
                crossed.called, crossed.got, crossed.sent, crossed.then);
    thread_kill(crossed.client);
    if (!good) {
        thread_kill(crossed.worker);
        thread_kill(crossed.owner);
    }
}

static void check_crossed_answers(void)
{
    if (!CHECK_OK(page_alloc(0, CROSSED_PAGES, 2, PERM_RW), "ipc_mailbox_crossed_pages"))
        return;
    check_crossed(false, true, "ipc_mailbox_crossed_answer");
    check_crossed(true, true, "ipc_mailbox_crossed_answer_timed");
    check_crossed(true, false, "ipc_mailbox_crossed_timeout");
    CHECK_OK(page_unmap(0, CROSSED_PAGES, 2), "ipc_mailbox_crossed_unmap");
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_mailbox_pin"))
        return test_status();
    check_refused();
    check_served_once();
    check_call_to_worker();
    check_prefers_own_cpu();
    check_among_sleepers();
    check_owner_dies(0, "ipc_mailbox_owner_dies_same_cpu");
    check_owner_dies(test_cpus() - 1, "ipc_mailbox_owner_dies_cross");
    check_owner_of_callers_dies();
    check_owner_dies_any_time();
    check_crossed_answers();
    return test_status();
}
