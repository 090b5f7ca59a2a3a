/* Timeouts of both phases, and the race between a timeout and a delivery. */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define SHORT_US   1500u
#define LONG_US    60000u
#define RACE_COUNT 3000u
#define RACE_US    60u

static struct agent agents[3];
#define A (&agents[0])
#define B (&agents[1])
#define C (&agents[2])

static void timed(struct agent *agent, uint32_t flags, envid_t partner, uint32_t send_us,
                  uint32_t recv_us)
{
    struct agent_order order = ipc_order(flags | IPC_TIMED, partner, send_us + recv_us);

    order.send_us = send_us;
    order.recv_us = recv_us;
    agent_order(agent, &order);
}

/* It timed out in that phase, and not before `us` were over. */
static bool timed_out(struct agent *agent, uint32_t phase, uint32_t us)
{
    const struct agent_outcome *outcome = agent_outcome(agent);

    return ipc_failed(agent, E_TIMEOUT, phase) && outcome->ended - outcome->began >= us;
}

static void check_send_phase(void)
{
    timed(A, IPC_OP_SEND, B->id, 0, 0);
    CHECK(timed_out(A, IPC_PHASE_SEND, 0), ID("ipc_timeout_send_zero"));
    timed(A, IPC_OP_SEND, B->id, SHORT_US, 0);
    CHECK(timed_out(A, IPC_PHASE_SEND, SHORT_US), ID("ipc_timeout_send_short"));
    timed(A, IPC_OP_CALL, B->id, LONG_US, 0);
    CHECK(timed_out(A, IPC_PHASE_SEND, LONG_US), ID("ipc_timeout_call_long"));
    timed(A, IPC_OP_SEND, B->id, IPC_NEVER, 0);
    CHECK(agent_is_blocked(A), ID("ipc_timeout_send_never"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_timeout_send_never_taken"));
    CHECK_EQ(agent_result(A), 0, ID("ipc_timeout_send_never_sent"));
    timed(B, IPC_OP_RECV, 0, 0, 0);
    CHECK(timed_out(B, IPC_PHASE_RECV, 0), ID("ipc_timeout_leaves_no_sender"));
}

static void check_receive_phase(void)
{
    timed(B, IPC_OP_RECV, 0, 0, SHORT_US);
    CHECK(timed_out(B, IPC_PHASE_RECV, SHORT_US), ID("ipc_timeout_recv_short"));
    timed(B, IPC_OP_RECV | IPC_CLOSED, A->id, 0, LONG_US);
    CHECK(timed_out(B, IPC_PHASE_RECV, LONG_US), ID("ipc_timeout_recv_closed_long"));
    timed(B, IPC_OP_RECV | IPC_CLOSED, 0, 0, SHORT_US);
    CHECK(timed_out(B, IPC_PHASE_RECV, SHORT_US), ID("ipc_timeout_recv_notification"));
    timed(B, IPC_OP_RECV, 0, 0, IPC_NEVER);
    CHECK(agent_is_blocked(B), ID("ipc_timeout_recv_never"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 4), 0, ID("ipc_timeout_recv_never_sends"));
    CHECK(ipc_got(B, A->id, 4), ID("ipc_timeout_recv_never_gets"));
    ipc_start(A, IPC_OP_SEND, B->id, 5);
    CHECK(agent_is_blocked(A), ID("ipc_timeout_poll_sender"));
    timed(B, IPC_OP_RECV, 0, 0, 0);
    CHECK(ipc_got(B, A->id, 5), ID("ipc_timeout_poll_takes_queued"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 6), E_IPC_NOT_RECV,
                ID("ipc_timeout_leaves_no_receiver"));
}

/* A calls B with a time for the send phase alone, and B takes the call within it: on a host that is busy, not the first
 * time. Returns that time; 0: A was sent away, or B got something else. */
static uint32_t call_in_time(void)
{
    for (uint32_t us = SHORT_US; us < TEST_PATIENCE_US; us *= 2) {
        timed(A, IPC_OP_CALL, B->id, us, IPC_NEVER);
        (void)agent_is_blocked(A);
        timed(B, IPC_OP_RECV, 0, 0, 0);
        if (ipc_got(B, A->id, us + IPC_NEVER))
            return us;
        if (!ipc_failed(A, E_TIMEOUT, IPC_PHASE_SEND))
            return 0;
    }
    return 0;
}

/* The receive phase of a call has a time of its own, from when its message was taken. */
static void check_call(void)
{
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_timeout_call_server"));
    timed(A, IPC_OP_CALL, B->id, SHORT_US, LONG_US);
    CHECK(timed_out(A, IPC_PHASE_RECV, LONG_US), ID("ipc_timeout_call_answer"));
    timed(A, IPC_OP_CALL, B->id, TEST_PATIENCE_US, 2 * LONG_US);
    CHECK(agent_is_blocked(A), ID("ipc_timeout_call_queued"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_timeout_call_taken"));
    CHECK(timed_out(A, IPC_PHASE_RECV, 2 * LONG_US), ID("ipc_timeout_call_queued_answer"));
    timed(A, IPC_OP_CALL, B->id, IPC_NEVER, SHORT_US);
    CHECK(agent_is_blocked(A), ID("ipc_timeout_call_never_queued"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_timeout_call_never_taken"));
    CHECK(timed_out(A, IPC_PHASE_RECV, SHORT_US), ID("ipc_timeout_call_never_answer"));
    uint32_t send_us = call_in_time();
    CHECK(send_us != 0, ID("ipc_timeout_call_answer_never_taken"));
    timed(C, IPC_OP_RECV, 0, 0, send_us + SHORT_US);
    CHECK(timed_out(C, IPC_PHASE_RECV, send_us + SHORT_US),
          ID("ipc_timeout_call_send_time_is_over"));
    CHECK(agent_is_blocked(A), ID("ipc_timeout_call_send_time_is_not_for_answer"));
    CHECK_EQ(ipc_run(B, IPC_SEND | IPC_REPLY, A->id, 8), 0, ID("ipc_timeout_call_reply"));
    CHECK(ipc_got(A, B->id, 8), ID("ipc_timeout_call_reply_arrives"));
}

/* A sender that gave up leaves the queue in order. */
static void check_queue(void)
{
    timed(A, IPC_OP_SEND, B->id, SHORT_US, 0);
    ipc_start(C, IPC_OP_SEND, B->id, 2);
    CHECK(timed_out(A, IPC_PHASE_SEND, SHORT_US), ID("ipc_timeout_queue_first"));
    CHECK(agent_is_blocked(C), ID("ipc_timeout_queue_second"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), C->id, ID("ipc_timeout_queue_takes_second"));
    CHECK_EQ(agent_result(C), 0, ID("ipc_timeout_queue_second_sent"));
}

static void check_variant(const struct ipc_variant *which)
{
    ipc_variant = which;
    if (!ipc_agents_start(which, agents, 3))
        return;
    check_send_phase();
    check_receive_phase();
    check_call();
    check_queue();
    ipc_agents_end(agents, 3);
}

/* Two envs meet when the time of one of them is just over, or not yet: the other is late, more so each time until the
 * first has given up, then less so. What one says it sent, the other has received, once and in order. */
struct race {
    envid_t partner;
    uint32_t send_us, recv_us;
    volatile uint32_t sent, received;
    volatile uint32_t send_timeouts, recv_timeouts;
    volatile bool over, wrong;
};

static struct race race;

struct late {
    uint32_t us;
    uint32_t timeouts; /* of the other side, when one looked last */
};

static void be_late(struct late *late, uint32_t timeouts)
{
    if (timeouts == late->timeouts)
        late->us += late->us / 8 + 1;
    else
        late->us -= late->us / 4;
    late->timeouts = timeouts;
    sleep_us(late->us);
}

/* Only one side: two would be late together, more and more, and nobody would give up. */
static bool sender_is_late(void)
{
    return race.recv_us != IPC_NEVER;
}

static int race_receive(void *arg)
{
    struct late late = {.us = 0};
    uint32_t last = 0;

    (void)arg;
    while (!race.over) {
        struct ipc_msg msg = {.w = {0}};

        ipc_set_timeouts(0, race.recv_us);
        int32_t result = ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg);
        if (result == -E_TIMEOUT) {
            race.recv_timeouts++;
        } else if (result == race.partner && msg.w[0] == last + 1) {
            last = msg.w[0];
            race.received++;
        } else if (result != 0) {
            race.wrong = true;
        }
        if (!sender_is_late())
            be_late(&late, race.send_timeouts);
    }
    return 0;
}

static bool race_send(envid_t receiver)
{
    struct late late = {.us = 0};

    for (uint32_t i = 0; i < RACE_COUNT && !race.wrong; i++) {
        struct ipc_msg msg = {.w = {race.sent + 1}};

        ipc_set_timeouts(race.send_us == IPC_NEVER ? IPC_NEVER : race.send_us + i % 7, 0);
        int32_t result = ipc(IPC_OP_SEND | IPC_TIMED, receiver, &msg);
        if (result == 0)
            race.sent++;
        else if (result == -E_TIMEOUT)
            race.send_timeouts++;
        else
            return false;
        if (sender_is_late())
            be_late(&late, race.recv_timeouts);
    }
    return race.send_timeouts + race.sent == RACE_COUNT;
}

static void check_race(uint32_t cpu, uint32_t send_us, uint32_t recv_us, const char *id)
{
    struct env_death death = {.cause = 0};

    race = (struct race){.partner = env_self(), .send_us = send_us, .recv_us = recv_us};
    envid_t receiver = test_thread_start(cpu, race_receive, NULL);
    bool good = receiver > 0 && race_send(receiver);

    race.over = true;
    (void)notify(receiver, 1); /* E_BAD_ENV: a timeout let it see the end before */
    good = good && thread_join(receiver, &death) == 0;
    test_report(good && !race.wrong && race.sent == race.received && race.sent != 0 &&
                    (sender_is_late() ? race.recv_timeouts : race.send_timeouts) != 0,
                id, "sent %u, received %u, timeouts of send %u, of receive %u", race.sent,
                race.received, race.send_timeouts, race.recv_timeouts);
}

/* Calls with timeouts to a server that is always busy when they come: an answer that the server gives is
 * never lost, because the client waits for it before the server can know of the call. */
static int echo(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from = ipc_recv(&msg);

    (void)arg;
    while (from > 0 && msg.w[0] != 0)
        from = ipc_reply_recv(ipc_sender(from), &msg);
    return from < 0;
}

static int caller(void *arg)
{
    envid_t server = (envid_t)(uintptr_t)arg;

    for (uint32_t i = 1; i <= RACE_COUNT; i++) {
        struct ipc_msg msg = {.w = {i}};

        ipc_set_timeouts(IPC_NEVER, TEST_PATIENCE_US);
        if (ipc(IPC_OP_CALL | IPC_TIMED, server, &msg) != server || msg.w[0] != i)
            return 1;
    }
    return 0;
}

static void check_calls(uint32_t cpu, const char *id)
{
    struct ipc_msg end = {.w = {0}};
    envid_t server = test_thread_start(0, echo, NULL);
    envid_t callers[3];
    bool good = server > 0;

    for (uint32_t i = 0; i < 3; i++) {
        callers[i] = test_thread_start((cpu + i) % test_cpus(), caller, (void *)(uintptr_t)server);
        good = good && callers[i] > 0;
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct env_death death = {.cause = 0};

        good = thread_join(callers[i], &death) == 0 && death.status == 0 && good;
    }
    good = ipc_send(server, &end) == 0 && thread_join(server, NULL) == 0 && good;
    CHECK(good, id);
}

int main(void)
{
    uint32_t last = test_cpus() - 1;

    if (!CHECK_OK(test_pin(0, 0), "ipc_timeout_pin"))
        return test_status();
    ipc_variants_run("ipc_timeout", check_variant);
    check_race(0, RACE_US, RACE_US, "ipc_timeout_race_same_cpu");
    check_race(last, RACE_US, IPC_NEVER, "ipc_timeout_race_of_sender");
    check_race(last, IPC_NEVER, RACE_US, "ipc_timeout_race_of_receiver");
    check_race(last, RACE_US, RACE_US, "ipc_timeout_race_of_both");
    check_calls(0, "ipc_timeout_calls_same_cpu");
    check_calls(1, "ipc_timeout_calls_other_cpus");
    return test_status();
}
