/* Notifications: or-ed, never lost, never blocking; which receives take them. */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define NOTIFIERS 6u
#define BITS_EACH 4u
#define ROUNDS    500u

static struct agent agents[2];
#define A (&agents[0])
#define B (&agents[1])

static int32_t notify_by(struct agent *agent, envid_t partner, uint32_t bits)
{
    struct agent_order order = {.what = AGENT_NOTIFY, .partner = partner, .w = {bits}};

    return agent_do(agent, &order);
}

static void check_waiting(void)
{
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_notify_open_waits"));
    CHECK_EQ(notify_by(A, B->id, 0), 0, ID("ipc_notify_no_bits"));
    CHECK(agent_is_blocked(B), ID("ipc_notify_no_bits_wake_nobody"));
    CHECK_EQ(notify_by(A, B->id, 0x11), 0, ID("ipc_notify_open"));
    CHECK(ipc_got_bits(B, 0x11), ID("ipc_notify_open_bits"));
    ipc_start(B, IPC_OP_RECV | IPC_CLOSED, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_notify_closed_waits"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 1), E_IPC_NOT_RECV,
                ID("ipc_notify_closed_takes_no_message"));
    CHECK_EQ(notify_by(A, B->id, 0x22), 0, ID("ipc_notify_closed"));
    CHECK(ipc_got_bits(B, 0x22), ID("ipc_notify_closed_bits"));
}

/* The public record of a receive that a notification, or its time, has ended. */
static void check_record(void)
{
    struct agent_order timed = ipc_order(IPC_OP_RECV | IPC_RECORD | IPC_TIMED, 0, 0);
    const struct env_public *record = env_record(B->id);

    ipc_start(B, IPC_OP_RECV | IPC_RECORD, 0, 0);
    CHECK(agent_receives_in_public(B), ID("ipc_notify_record_waits"));
    CHECK_EQ(notify_by(A, B->id, 0x33), 0, ID("ipc_notify_record"));
    CHECK(ipc_got_bits(B, 0x33), ID("ipc_notify_record_bits"));
    CHECK_EQ(record->ipc_receiving, 0, ID("ipc_notify_record_is_over"));
    timed.recv_us = 1000;
    CHECK_ERROR(agent_do(B, &timed), E_TIMEOUT, ID("ipc_notify_record_timeout"));
    CHECK_EQ(record->ipc_receiving, 0, ID("ipc_notify_record_time_is_over"));
}

/* A call's answer comes before the bits that came while it waited for it. */
static void check_partner(void)
{
    ipc_start(B, IPC_OP_RECV | IPC_CLOSED, A->id, 0);
    CHECK(agent_is_blocked(B), ID("ipc_notify_partner_waits"));
    CHECK_EQ(notify_by(A, B->id, 0x1), 0, ID("ipc_notify_partner"));
    CHECK_EQ(notify_by(A, B->id, 0x4), 0, ID("ipc_notify_partner_more"));
    CHECK(agent_is_blocked(B), ID("ipc_notify_partner_waits_on"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 5), 0, ID("ipc_notify_partner_sends"));
    CHECK(ipc_got(B, A->id, 5), ID("ipc_notify_partner_message"));
    CHECK_EQ(notify(B->id, 0x8), 0, ID("ipc_notify_kept_more"));
    struct agent_order kept = {.what = AGENT_KEPT, .w = {0xff}};
    CHECK_EQ(agent_do(B, &kept), 0xd, ID("ipc_notify_kept"));
    CHECK_EQ(agent_do(B, &kept), 0, ID("ipc_notify_kept_once"));
}

/* Bits come before a message that waits, and both in the end. */
static void check_order(void)
{
    struct ipc_msg msg = {.w = {0}};

    CHECK_EQ(notify_by(A, IPC_BAD_ID, 1), -E_BAD_ENV, ID("ipc_notify_bad_id"));
    ipc_start(A, IPC_OP_SEND, env_self(), 9);
    CHECK(agent_is_blocked(A), ID("ipc_notify_message_queued"));
    CHECK_OK(notify(0, 2), ID("ipc_notify_beside_message"));
    int32_t first = ipc_recv(&msg);
    CHECK(first == 0 && (msg.w[0] & 2) != 0, ID("ipc_notify_before_message"));
    CHECK_EQ(ipc_recv(&msg), A->id, ID("ipc_notify_then_message"));
    CHECK_EQ(agent_result(A), 0, ID("ipc_notify_then_sent"));
}

static void check_variant(const struct ipc_variant *which)
{
    ipc_variant = which;
    if (!ipc_agents_start(which, agents, 2))
        return;
    check_waiting();
    check_record();
    check_partner();
    check_order();
    ipc_agents_end(agents, 2);
}

/* Bits to oneself while running are kept for the next receive, or-ed. */
static void check_self(void)
{
    struct ipc_msg msg = {.w = {0}};

    CHECK_OK(notify(0, 0x1), "ipc_notify_self");
    CHECK_OK(notify(env_self(), 0x6), "ipc_notify_self_by_id");
    CHECK_EQ(ipc_recv(&msg), 0, "ipc_notify_self_received");
    CHECK_EQ(msg.w[0] & 0x7, 0x7, "ipc_notify_self_ored");
    ipc_set_timeouts(IPC_NEVER, 0);
    CHECK_ERROR(ipc(IPC_OP_RECV | IPC_TIMED, 0, &msg), E_TIMEOUT, "ipc_notify_taken_once");
}

/* Bits that come again and again, and senders in line: each gets its turn. */
#define SENDERS  3u
#define RECEIVES 12u

static int send_to(void *arg)
{
    const struct ipc_msg msg = {.w = {SENDERS}};

    return ipc_send((envid_t)(uintptr_t)arg, &msg) == 0 ? 0 : 1;
}

/* Returns how many messages came; all other receives have to bring the bit. */
static uint32_t receive_with_bits(bool *good)
{
    uint32_t messages = 0;

    for (uint32_t i = 0; i < RECEIVES; i++) {
        struct ipc_msg msg = {.w = {0}};
        bool has_bit = notify(0, 1) == 0;
        int32_t from = ipc_recv(&msg);

        messages += from > 0;
        *good = has_bit && (from > 0 || (from == 0 && (msg.w[0] & 1) != 0)) && *good;
    }
    return messages;
}

static void check_turns(void)
{
    envid_t senders[SENDERS];
    struct ipc_msg msg;
    bool good = true;

    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = thread_create(send_to, (void *)(uintptr_t)env_self());
        good = senders[i] > 0 && test_wait_status(senders[i], ENV_NOT_RUNNABLE) && good;
    }
    CHECK(good, "ipc_notify_turns_senders");
    uint32_t messages = receive_with_bits(&good);
    CHECK_EQ(messages, SENDERS, "ipc_notify_turns_of_messages");
    CHECK(good, "ipc_notify_turns_of_bits");
    for (; messages < SENDERS; messages++)
        good = ipc_recv_from(senders[messages], &msg) > 0 && good;
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct env_death death = {.cause = 0};

        good = thread_join(senders[i], &death) == 0 && death.status == 0 && good;
    }
    CHECK(good, "ipc_notify_turns_senders_end");
}

/* Each notifier sets its bits one after the other, and waits until all have been seen before it
 * begins again: so that no bit may be lost, and each is seen once a round. */
struct round {
    envid_t target;
    uint32_t number;
    volatile uint32_t acknowledged;
};

static struct round rounds[NOTIFIERS];

static int notifier(void *arg)
{
    struct round *round = arg;

    for (uint32_t i = 1; i <= ROUNDS; i++) {
        for (uint32_t bit = 0; bit < BITS_EACH; bit++) {
            if (notify(round->target, 1u << (round->number * BITS_EACH + bit)) != 0)
                return 1;
        }
        while (round->acknowledged != i)
            (void)notify_wait(1);
    }
    return 0;
}

/* Counts each bit; a notifier whose bits have all come may go on. False: a bit came twice. */
static bool take_bits(uint32_t bits, uint32_t seen[NOTIFIERS], envid_t ids[NOTIFIERS])
{
    const uint32_t all = (1u << BITS_EACH) - 1;

    for (uint32_t i = 0; i < NOTIFIERS; i++) {
        uint32_t mine = bits >> (i * BITS_EACH) & all;

        if ((seen[i] & mine) != 0)
            return false;
        seen[i] |= mine;
        if (seen[i] != all)
            continue;
        seen[i] = 0;
        rounds[i].acknowledged++;
        (void)!notify(ids[i], 1); /* after its last round it may have ended */
    }
    return true;
}

static bool all_acknowledged(void)
{
    for (uint32_t i = 0; i < NOTIFIERS; i++) {
        if (rounds[i].acknowledged != ROUNDS)
            return false;
    }
    return true;
}

static bool collect(envid_t ids[NOTIFIERS])
{
    const uint32_t mask = (1u << NOTIFIERS * BITS_EACH) - 1;
    uint32_t seen[NOTIFIERS] = {0};

    while (!all_acknowledged()) {
        uint32_t bits = notify_wait_us(mask, TEST_PATIENCE_US);

        if (bits == 0 || !take_bits(bits, seen, ids))
            return false;
    }
    return true;
}

/* Many notifiers on all CPUs. */
static void check_many(void)
{
    envid_t ids[NOTIFIERS];
    bool started = true;
    bool ended = true;

    for (uint32_t i = 0; i < NOTIFIERS; i++) {
        rounds[i] = (struct round){.target = env_self(), .number = i};
        ids[i] = thread_prepare(notifier, &rounds[i]);
        started = started && ids[i] > 0 && test_pin(ids[i], i % test_cpus()) == 0;
    }
    if (!CHECK(started, "ipc_notify_many_start"))
        return;
    for (uint32_t i = 0; i < NOTIFIERS; i++)
        started = started && env_start(ids[i]) == 0;
    bool complete = collect(ids);
    CHECK(complete, "ipc_notify_many_union");
    for (uint32_t i = 0; i < NOTIFIERS; i++) {
        struct env_death death = {.cause = 0};

        if (complete)
            ended = ended && thread_join(ids[i], &death) == 0 && death.status == 0;
        else
            thread_kill(ids[i]);
    }
    CHECK(ended, "ipc_notify_many_end");
}

static int dies(void *arg)
{
    (void)arg;
    return 3;
}

/* The end of a controlled env notifies its controller of the bits it was created with. */
static void check_death(void)
{
    struct env_death death = {.cause = 0};
    envid_t child = thread_prepare(dies, NULL);

    CHECK_OK(child, "ipc_notify_death_child");
    CHECK_OK(env_set_controller(child, env_self(), 0x20), "ipc_notify_death_set_bits");
    CHECK_OK(env_start(child), "ipc_notify_death_start");
    CHECK_EQ(notify_wait_us(0x20, TEST_PATIENCE_US), 0x20, "ipc_notify_death");
    CHECK_OK(thread_join(child, &death), "ipc_notify_death_is_reapable");
    CHECK(death.cause == ENV_EXITED && death.status == 3, "ipc_notify_death_status");
    child = env_create(0, 0, 0, 0x10);
    CHECK_OK(child, "ipc_notify_death_bits_env");
    CHECK_OK(env_destroy(child, 7), "ipc_notify_death_bits_kill");
    CHECK_EQ(notify_wait_us(0x10, TEST_PATIENCE_US), 0x10, "ipc_notify_death_bits");
    CHECK_OK(env_reap(child, &death), "ipc_notify_death_bits_reap");
    CHECK(death.cause == ENV_KILLED && death.status == 7, "ipc_notify_death_bits_status");
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_notify_pin"))
        return test_status();
    ipc_variants_run("ipc_notify", check_variant);
    check_self();
    check_turns();
    check_many();
    check_death();
    return test_status();
}
