/* Call and reply, 50,000 rounds, on one CPU and across two, between threads and between address
 * spaces; the content of each message follows from its number. rounds=N changes the number. */
#include "grain/ipc.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/user/test.h"

#define ROUNDS    50000u
#define LABEL_END 0xffffffffu

static uint32_t content(uint32_t round, uint32_t index)
{
    return round * 0x9e3779b9u ^ index * 0x01000193u;
}

static bool message_is_right(const struct ipc_msg *msg, uint32_t round, int32_t result)
{
    uint32_t words = round % 8 == 0 ? 1 + round / 8 % IPC_WORDS_MAX : 0;

    if (msg->w[0] != round || msg->w[1] != content(round, 1) || msg->w[2] != content(round, 2) ||
        msg->w[3] != content(round, 3) || ipc_has_extra(result) != (words != 0))
        return false;
    if (words != 0 && utcb()->got_words != words)
        return false;
    for (uint32_t i = 0; i < words; i++) {
        if (utcb()->words[i] != content(round, 4 + i))
            return false;
    }
    return true;
}

static uint32_t message_make(struct ipc_msg *msg, uint32_t round)
{
    uint32_t words = round % 8 == 0 ? 1 + round / 8 % IPC_WORDS_MAX : 0;

    for (uint32_t i = 1; i < 4; i++)
        msg->w[i] = content(round, i);
    msg->w[0] = round;
    for (uint32_t i = 0; i < words; i++)
        utcb()->words[i] = content(round, 4 + i);
    return IPC_SEND_WORDS(words);
}

/* Answers message n with message n + 1. */
static int server(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from = ipc_recv(&msg);

    (void)arg;
    while (from > 0 && msg.w[0] != LABEL_END) {
        if (!message_is_right(&msg, msg.w[0], from))
            return 1;
        uint32_t words = message_make(&msg, msg.w[0] + 1);

        from = ipc(IPC_OP_REPLY_RECV | words, ipc_sender(from), &msg);
    }
    return from > 0 ? 0 : 2;
}

static bool play(envid_t partner, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        struct ipc_msg msg;
        uint32_t words = message_make(&msg, 2 * i);
        int32_t from = i % 2 == 0 ? ipc(IPC_OP_CALL | words, partner, &msg)
                                  : ipc_int(IPC_OP_CALL | words, partner, &msg);

        if (from <= 0 || ipc_sender(from) != partner || !message_is_right(&msg, 2 * i + 1, from))
            return false;
    }
    return true;
}

static void check(bool is_process, uint32_t cpu, uint32_t rounds, const char *id)
{
    struct env_death death = {.cause = 0};
    struct ipc_msg end = {.w = {LABEL_END}};
    envid_t partner =
        is_process ? test_child_start(server, NULL) : test_thread_start(cpu, server, NULL);

    if (!CHECK_OK(partner, id))
        return;
    bool good = test_pin(partner, cpu) == 0 && play(partner, rounds);
    good = ipc_send(partner, &end) == 0 && good;
    int result = is_process ? process_wait(partner, &death) : thread_join(partner, &death);
    CHECK(good && result == 0 && death.cause == ENV_EXITED && death.status == 0, id);
}

int main(int argc, char **argv)
{
    uint32_t rounds = test_option(argc, argv, "rounds", ROUNDS);
    uint32_t last = test_cpus() - 1;

    if (!CHECK_OK(test_pin(0, 0), "ipc_pingpong_pin"))
        return test_status();
    check(false, 0, rounds, "ipc_pingpong_threads_same_cpu");
    check(true, 0, rounds, "ipc_pingpong_aspaces_same_cpu");
    if (last == 0) {
        TEST_SKIP("ipc_pingpong_cross", "one CPU");
        return test_status();
    }
    check(false, last, rounds, "ipc_pingpong_threads_cross");
    check(true, last, rounds, "ipc_pingpong_aspaces_cross");
    return test_status();
}
