/* First come, first served: the order of many senders, and equal shares under a flood. */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define SENDERS       8u
#define FLOODERS      4u
#define FLOOD_COUNT   20000u
#define FLOOD_SHARE   (FLOOD_COUNT / FLOODERS)
#define FLOOD_ALLOWED (FLOOD_SHARE / 100)

static struct agent agents[SENDERS + 1];
#define B (&agents[SENDERS])

/* One after the other is queued, in an order that is not that of their numbers, then all are taken. */
static bool queue_in_order(uint32_t step)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct agent *sender = &agents[(i * step + 1) % SENDERS];

        ipc_start(sender, i % 2 == 0 ? IPC_OP_SEND : IPC_OP_CALL, B->id, i);
        if (!agent_is_blocked(sender))
            return false;
    }
    return true;
}

static bool take_in_order(uint32_t step)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct agent *sender = &agents[(i * step + 1) % SENDERS];

        ipc_start(B, IPC_OP_RECV, 0, 0);
        if (!ipc_got(B, sender->id, i))
            return false;
        if (i % 2 == 1 && ipc_run(B, IPC_SEND | IPC_REPLY, sender->id, i) != 0)
            return false;
        if (agent_result(sender) != (i % 2 == 0 ? 0 : B->id))
            return false;
    }
    return true;
}

/* The senders are on all CPUs when the variant is `cross`. */
static bool start_all(const struct ipc_variant *which)
{
    for (uint32_t i = 0; i <= SENDERS; i++) {
        struct agent_place place = {.is_process = which->is_process,
                                    .cpu = which->is_cross ? i % test_cpus() : 0};

        if (!agent_start(&agents[i], i, &place)) {
            ipc_agents_end(agents, i);
            return CHECK(false, ID("ipc_fifo_start"));
        }
    }
    return true;
}

static void check_variant(const struct ipc_variant *which)
{
    ipc_variant = which;
    if (!start_all(which))
        return;
    for (uint32_t step = 1; step < SENDERS; step += 2) {
        CHECK(queue_in_order(step), ID("ipc_fifo_queue"));
        CHECK(take_in_order(step), ID("ipc_fifo_order"));
    }
    ipc_agents_end(agents, SENDERS + 1);
}

/* A flood: each sends or calls as fast as it can. Callers, and plain senders that always run before the
 * receiver does, have one message in the queue at most, so their shares are equal. */
struct flood {
    envid_t receiver;
    uint32_t flags;
    volatile bool over;
    envid_t ids[FLOODERS];
    uint32_t counts[FLOODERS];
};

static struct flood flood;

static int flooder(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    uint32_t sequence = 0;

    while (!flood.over) {
        struct ipc_msg msg = {.w = {number, ++sequence}};

        if (ipc(flood.flags, flood.receiver, &msg) < 0)
            return 1;
    }
    return 0;
}

/* Takes and answers FLOOD_COUNT messages; false: one was lost, came twice, or was not its sender's. */
static bool flood_take(void)
{
    envid_t client = 0;

    for (uint32_t i = 0; i < FLOOD_COUNT;) {
        struct ipc_msg msg = {.w = {0}};
        int32_t from = ipc_reply_recv(client, &msg);

        client = from;
        if (from == 0)
            continue;
        if (from < 0 || msg.w[0] >= FLOODERS || from != flood.ids[msg.w[0]] ||
            msg.w[1] != ++flood.counts[msg.w[0]])
            return false;
        i++;
    }
    flood.over = true;
    struct ipc_msg answer = {.w = {0}};
    int error = ipc_reply(client, &answer);
    return error == (flood.flags == IPC_OP_CALL ? 0 : -E_IPC_NOT_RECV);
}

/* Those that are still blocked have to come out of it, and see that it is over. The last call that came
 * may be from another one than the one whose end was waited for: it is answered all the same. */
static bool flood_end(void)
{
    bool good = true;
    envid_t client = 0;

    for (uint32_t i = 0; i < FLOODERS; i++) {
        struct env_death death = {.cause = 0};

        while (env_record(flood.ids[i])->status != ENV_DEAD) {
            struct ipc_msg msg = {.w = {0}};

            ipc_set_timeouts(0, 1000);
            client = ipc(IPC_OP_REPLY_RECV | IPC_TIMED, client, &msg);
            if (client < 0)
                client = 0;
        }
        good = thread_join(flood.ids[i], &death) == 0 && death.status == 0 && good;
    }
    return good;
}

static bool shares_are_equal(void)
{
    for (uint32_t i = 0; i < FLOODERS; i++) {
        if (flood.counts[i] < FLOOD_SHARE - FLOOD_ALLOWED ||
            flood.counts[i] > FLOOD_SHARE + FLOOD_ALLOWED)
            return false;
    }
    return true;
}

/* The flooders are on the CPU numbered `cpu`, the receiver is on CPU 0. */
static void check_flood(uint32_t cpu, uint32_t flags, const char *id)
{
    bool good = true;

    flood = (struct flood){.receiver = env_self(), .flags = flags};
    for (uint32_t i = 0; i < FLOODERS; i++) {
        flood.ids[i] = thread_prepare(flooder, (void *)(uintptr_t)i);
        good = good && flood.ids[i] > 0 &&
               env_set_sched(flood.ids[i], SCHED_PRIO_DEFAULT + 1, cpu) == 0;
    }
    for (uint32_t i = 0; i < FLOODERS && good; i++)
        good = env_start(flood.ids[i]) == 0;
    good = good && flood_take();
    good = good && shares_are_equal();
    good = flood_end() && good;
    test_report(good, id, "%u %u %u %u", flood.counts[0], flood.counts[1], flood.counts[2],
                flood.counts[3]);
}

static void check_floods(void)
{
    uint32_t last = test_cpus() - 1;

    check_flood(0, IPC_OP_SEND, "ipc_fifo_flood_of_sends_same_cpu");
    if (last == 0) {
        TEST_SKIP("ipc_fifo_flood_cross", "one CPU");
        return;
    }
    check_flood(last, IPC_OP_CALL, "ipc_fifo_flood_of_calls_cross");
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_fifo_pin"))
        return test_status();
    ipc_variants_run("ipc_fifo", check_variant);
    check_floods();
    return test_status();
}
