/* The partner ends, or one is stopped, in every state of an ipc. */
#include "grain/ipc.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define SRC        AGENT_PLACE
#define WIN        (AGENT_PLACE + 0x1000000u)
#define NOWHERE    (AGENT_PLACE + 0x2000000u)
#define RACE_COUNT 24u

static struct agent agents[3];
#define A (&agents[0])
#define B (&agents[1])
#define C (&agents[2])

/* B ends, and there is a new one in its place. */
static bool replace_b(void)
{
    struct agent_place place = ipc_variant_place(ipc_variant, 1);

    agent_end(B);
    return agent_start(B, 1, &place);
}

static void check_gone(void)
{
    envid_t dead = B->id;

    CHECK(replace_b(), ID("ipc_death_replace"));
    ipc_run(A, IPC_OP_SEND, dead, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_death_send_after"));
    ipc_run(A, IPC_OP_CALL, dead, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_death_call_after"));
    ipc_run(A, IPC_OP_RECV | IPC_CLOSED, dead, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_RECV), ID("ipc_death_receive_after"));
    ipc_run(A, IPC_OP_REPLY_RECV | IPC_CLOSED, dead, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_RECV), ID("ipc_death_reply_after"));
    CHECK_ERROR(notify(dead, 1), E_BAD_ENV, ID("ipc_death_notify_after"));
}

/* A waits for B in each way that there is, and B is killed while it waits for orders itself. */
static void check_waiting(uint32_t flags, uint32_t phase, const char *id)
{
    ipc_start(A, flags, B->id, 1);
    bool blocked = agent_is_blocked(A);
    agent_end(B);
    CHECK(blocked && ipc_failed(A, E_DEAD, phase), ID(id));
    struct agent_place place = ipc_variant_place(ipc_variant, 1);
    if (!agent_start(B, 1, &place))
        CHECK(false, ID("ipc_death_restart"));
}

static void check_waits(void)
{
    check_waiting(IPC_OP_SEND, IPC_PHASE_SEND, "ipc_death_queued");
    check_waiting(IPC_OP_CALL, IPC_PHASE_SEND, "ipc_death_call_queued");
    check_waiting(IPC_OP_RECV | IPC_CLOSED, IPC_PHASE_RECV, "ipc_death_receive_closed");
    check_waiting(IPC_OP_REPLY_RECV | IPC_CLOSED, IPC_PHASE_RECV, "ipc_death_reply_closed");
}

/* B has the call, and dies without an answer: directly delivered, or from the queue. */
static void check_no_answer(bool direct, const char *id)
{
    if (direct) {
        ipc_start(B, IPC_OP_RECV, 0, 0);
        CHECK(agent_is_blocked(B), ID("ipc_death_server_waits"));
    }
    ipc_start(A, IPC_OP_CALL, B->id, 1);
    if (!direct) {
        CHECK(agent_is_blocked(A), ID("ipc_death_client_queued"));
        ipc_start(B, IPC_OP_RECV, 0, 0);
    }
    bool taken = ipc_got(B, A->id, 1) && agent_is_blocked(A);
    CHECK(replace_b(), ID("ipc_death_replace_server"));
    CHECK(taken && ipc_failed(A, E_DEAD, IPC_PHASE_RECV), ID(id));
}

/* B is killed in each of its own states; whoever has to do with it goes on. */
static void check_victim(void)
{
    struct agent_order spin = {.what = AGENT_SPIN};

    ipc_start(B, IPC_OP_SEND, A->id, 1);
    bool good = agent_is_blocked(B);
    good = replace_b() && good;
    ipc_start(C, IPC_OP_SEND, A->id, 2);
    good = agent_is_blocked(C) && good;
    ipc_start(A, IPC_OP_RECV, 0, 0);
    CHECK(good && ipc_got(A, C->id, 2) && agent_result(C) == 0, ID("ipc_death_while_sending"));
    ipc_start(B, IPC_OP_RECV, 0, 0);
    good = agent_is_blocked(B);
    good = replace_b() && good;
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 1), E_IPC_NOT_RECV,
                ID("ipc_death_while_receiving"));
    ipc_start(B, IPC_OP_CALL, C->id, 1);
    good = agent_is_blocked(B) && ipc_run(C, IPC_OP_RECV, 0, 0) == B->id && agent_is_blocked(B);
    envid_t dead = B->id;
    good = replace_b() && good;
    CHECK(good && ipc_run(C, IPC_SEND | IPC_REPLY, dead, 2) == -E_IPC_NOT_RECV,
          ID("ipc_death_while_calling"));
    agent_order(B, &spin);
    ipc_start(A, IPC_OP_CALL, B->id, 1);
    good = agent_is_blocked(A);
    good = replace_b() && good;
    CHECK(good && ipc_failed(A, E_DEAD, IPC_PHASE_SEND), ID("ipc_death_while_running"));
}

/* B faults, and its pager C has the fault: either is killed. */
static bool fault_at_pager(void)
{
    struct agent_order read = {.what = AGENT_READ, .w = {NOWHERE}};

    if (env_set_pager(B->id, C->id) != 0)
        return false;
    ipc_start(C, IPC_OP_RECV, 0, 0);
    if (!agent_is_blocked(C))
        return false;
    agent_order(B, &read);
    return agent_result(C) == B->id && IPC_FAULT_IS(agent_outcome(C)->w[0]) && agent_is_blocked(B);
}

static void check_faulted(void)
{
    envid_t dead = B->id;
    struct env_death death = {.cause = 0};
    struct agent_place place = ipc_variant_place(ipc_variant, 2);

    CHECK(fault_at_pager(), ID("ipc_death_fault"));
    CHECK(replace_b() && ipc_run(C, IPC_SEND | IPC_REPLY, dead, FAULT_RESUME) == -E_IPC_NOT_RECV,
          ID("ipc_death_while_faulted"));
    CHECK(fault_at_pager(), ID("ipc_death_fault_again"));
    agent_end(C);
    CHECK_OK(B->is_process ? process_wait(B->id, &death) : thread_join(B->id, &death),
             ID("ipc_death_of_pager_ends"));
    CHECK(death.cause == ENV_FAULTED && death.address == NOWHERE, ID("ipc_death_of_pager"));
    CHECK(agent_start(C, 2, &place) && replace_b(), ID("ipc_death_of_pager_restart"));
}

/* A is stopped in each state and its ipc cancelled; started again, it has E_ABORTED. */
static void check_abort(uint32_t flags, envid_t partner, uint32_t phase, const char *id)
{
    ipc_start(A, flags, partner, 1);
    bool good = agent_is_blocked(A) && env_stop(A->id, ENV_STOP_ABORT) == 0;
    struct env_regs regs;
    good = env_read_regs(A->id, &regs) == 0 && agent_is_busy(A) && good;
    good = env_start(A->id) == 0 && good;
    CHECK(good && ipc_failed(A, E_ABORTED, phase), ID(id));
}

/* A public receive is over when it was cancelled, and the record says so before anything else happens. */
static void check_abort_record(void)
{
    const struct env_public *record = env_record(A->id);
    struct env_regs regs;

    ipc_start(A, IPC_OP_RECV | IPC_RECORD, 0, 1);
    CHECK(agent_receives_in_public(A), ID("ipc_death_record_waits"));
    CHECK_OK(env_stop(A->id, ENV_STOP_ABORT), ID("ipc_death_record_abort"));
    CHECK_EQ(record->ipc_receiving, 0, ID("ipc_death_record_is_over"));
    CHECK(env_read_regs(A->id, &regs) == 0 && env_write_regs(A->id, &regs) == 0,
          ID("ipc_death_record_registers"));
    CHECK_EQ(record->ipc_receiving, 0, ID("ipc_death_record_stays_over"));
    CHECK_OK(env_start(A->id), ID("ipc_death_record_start"));
    CHECK(ipc_failed(A, E_ABORTED, IPC_PHASE_RECV), ID("ipc_death_record_aborted"));
}

static void check_aborts(void)
{
    check_abort(IPC_OP_SEND, B->id, IPC_PHASE_SEND, "ipc_death_abort_sending");
    check_abort(IPC_OP_CALL, B->id, IPC_PHASE_SEND, "ipc_death_abort_call_sending");
    check_abort(IPC_OP_RECV, 0, IPC_PHASE_RECV, "ipc_death_abort_receiving");
    check_abort(IPC_OP_RECV | IPC_CLOSED, B->id, IPC_PHASE_RECV, "ipc_death_abort_closed");
    check_abort(IPC_OP_RECV | IPC_CLOSED, 0, IPC_PHASE_RECV, "ipc_death_abort_notification");
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_death_abort_server"));
    check_abort(IPC_OP_CALL, B->id, IPC_PHASE_RECV, "ipc_death_abort_answer");
    CHECK(ipc_got(B, A->id, 1), ID("ipc_death_abort_call_arrived"));
    CHECK_EQ(ipc_run(B, IPC_OP_SEND | IPC_TRY, A->id, 2), -E_IPC_NOT_RECV,
             ID("ipc_death_abort_leaves"));
}

/* Its registers can be read from when it has come out of its ipc, and stands still. */
static bool comes_to_stand(envid_t env)
{
    uint64_t end = time_us() + TEST_PATIENCE_US;
    struct env_regs regs;
    int result;

    while ((result = env_read_regs(env, &regs)) == -E_BUSY && time_us() < end)
        yield();
    return result == 0;
}

/* Stopped without cancelling: the ipc goes on, and its result is there when it is started. */
static void check_stop(void)
{
    ipc_start(A, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(A), ID("ipc_death_stop_receiving"));
    CHECK_OK(env_stop(A->id, 0), ID("ipc_death_stop"));
    CHECK_EQ(ipc_run(B, IPC_OP_SEND, A->id, 7), 0, ID("ipc_death_stop_message"));
    CHECK(comes_to_stand(A->id) && agent_is_busy(A), ID("ipc_death_stopped"));
    CHECK_OK(env_start(A->id), ID("ipc_death_start"));
    CHECK(ipc_got(A, B->id, 7), ID("ipc_death_start_message"));
}

/* B serves calls with pages until it is killed, at a moment that differs from round to round; A calls
 * it until then. */
static int serve(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from = 0;

    (void)arg;
    ipc_set_window(WIN, IPC_PAGES_MAX);
    for (;;) {
        from = ipc(IPC_OP_REPLY_RECV | IPC_WINDOW, from > 0 ? ipc_sender(from) : 0, &msg);
        msg.w[1]++;
    }
}

static envid_t race_server;
static volatile uint32_t race_calls;

static int call_until_dead(void *arg)
{
    bool with_pages = arg != NULL;

    for (uint32_t i = 0;; i++) {
        struct ipc_msg msg = {.w = {i, i}};
        ipc_set_pages(SRC, 1 + i % IPC_PAGES_MAX, PERM_R);
        int32_t result = ipc(IPC_OP_CALL | (with_pages ? IPC_PAGES : 0), race_server, &msg);

        if (result == -E_DEAD || result == -E_BAD_ENV)
            return 0;
        if (result != race_server || msg.w[0] != i || msg.w[1] != i + 1)
            return 1;
        race_calls++;
    }
}

static void spin_us(uint32_t us)
{
    uint64_t end = time_us() + us;

    while (time_us() < end)
        yield();
}

static bool race_once(uint32_t round, bool with_pages)
{
    struct env_death death = {.cause = 0};
    uint32_t cpu = test_cpus() - 1;
    void *arg = with_pages ? (void *)(uintptr_t)1 : NULL;

    race_server = test_child_start(serve, NULL);
    if (race_server < 0 || test_pin(race_server, cpu) != 0)
        return false;
    envid_t client = test_thread_start(0, call_until_dead, arg);
    envid_t other = test_thread_start(cpu, call_until_dead, arg);
    spin_us(round * 97 % 2500);
    process_kill(race_server);
    bool good = thread_join(client, &death) == 0 && death.status == 0;
    return thread_join(other, &death) == 0 && death.status == 0 && good;
}

/* The same with the client as the victim: the server goes on, and serves the next. */
static int call_for_ever(void *arg)
{
    (void)arg;
    for (uint32_t i = 0;; i++) {
        struct ipc_msg msg = {.w = {i, i}};
        ipc_set_pages(SRC, 1 + i % IPC_PAGES_MAX, PERM_R);
        if (ipc(IPC_OP_CALL | IPC_PAGES, race_server, &msg) < 0)
            return 1;
    }
}

static bool race_clients(void)
{
    bool good = true;

    race_server = test_child_start(serve, NULL);
    good = race_server > 0 && test_pin(race_server, test_cpus() - 1) == 0;
    for (uint32_t round = 0; round < RACE_COUNT && good; round++) {
        struct ipc_msg msg = {.w = {round, round}};
        envid_t client = test_child_start(call_for_ever, NULL);

        good = client > 0 && test_pin(client, round % test_cpus()) == 0;
        spin_us(500 + round * 97 % 2500);
        process_kill(client);
        ipc_set_timeouts(TEST_PATIENCE_US, TEST_PATIENCE_US);
        good = ipc(IPC_OP_CALL | IPC_TIMED, race_server, &msg) == race_server && good;
        good = msg.w[1] == round + 1 && good;
    }
    process_kill(race_server);
    return good;
}

static void check_races(void)
{
    struct kernel_counters before;
    struct kernel_counters after;
    bool words = true;
    bool pages = true;

    if (!CHECK_OK(page_alloc(0, SRC, IPC_PAGES_MAX, PERM_RW), "ipc_death_race_pages_alloc"))
        return;
    (void)race_once(1000, true); /* what the first round needs for good */
    kernel_info(&before);
    for (uint32_t round = 0; round < RACE_COUNT; round++) {
        words = race_once(round, false) && words;
        pages = race_once(round, true) && pages;
    }
    CHECK(words, "ipc_death_race_words");
    CHECK(pages, "ipc_death_race_pages");
    CHECK(race_clients(), "ipc_death_race_of_clients");
    CHECK(race_calls > RACE_COUNT, "ipc_death_race_had_calls");
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, "ipc_death_race_frames");
    CHECK_EQ(after.envs, before.envs, "ipc_death_race_envs");
    CHECK_EQ(after.aspaces, before.aspaces, "ipc_death_race_aspaces");
    CHECK_OK(page_unmap(0, SRC, IPC_PAGES_MAX), "ipc_death_race_pages_free");
}

static void check_variant(const struct ipc_variant *which)
{
    struct kernel_counters before;
    struct kernel_counters after;

    ipc_variant = which;
    kernel_info(&before);
    if (!ipc_agents_start(which, agents, 3))
        return;
    check_gone();
    check_waits();
    check_no_answer(true, "ipc_death_no_answer_direct");
    check_no_answer(false, "ipc_death_no_answer_queued");
    check_victim();
    check_faulted();
    check_aborts();
    check_abort_record();
    check_stop();
    ipc_agents_end(agents, 3);
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, ID("ipc_death_frames_equal"));
    CHECK_EQ(after.envs, before.envs, ID("ipc_death_envs_equal"));
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_death_pin"))
        return test_status();
    ipc_variants_run("ipc_death", check_variant);
    check_races();
    return test_status();
}
