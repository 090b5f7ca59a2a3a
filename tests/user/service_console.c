/* The console, from the side of a client that init started beside it: each call and its errors, readers that wait,
 * give up and die, messages at random, floods. What a person types and sees is in tests/tools/test_session.py. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/console.h"
#include "grain/console.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "tests/user/service.h"

#define READERS_MAX     64 /* that the console lets wait */
#define RANDOM_MESSAGES 5000u

static int call(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t flags)
{
    struct ipc_msg msg = {.w = {w0, w1, w2}};

    return server_call(SERVER_CONSOLE, flags, &msg, NULL);
}

static bool answers(void)
{
    return call(CONSOLE_WRITE, 0, 0, 0) == 0;
}

static void test_write(void)
{
    struct ipc_msg msg = {.w = {CONSOLE_WRITE, 3}};

    memcpy(utcb()->words, "# \n", 3);
    CHECK_OK(server_call(SERVER_CONSOLE, IPC_SEND_WORDS(1), &msg, NULL), "console_write");
    CHECK_EQ(msg.w[1], 3, "console_write_count");
    CHECK_OK(call(CONSOLE_WRITE, 0, 0, 0), "console_write_nothing");
    CHECK_ERROR(call(CONSOLE_WRITE, 5, 0, IPC_SEND_WORDS(1)), E_INVAL, "console_write_missing");
    CHECK_ERROR(call(CONSOLE_WRITE, CONSOLE_BYTES_MAX + 1, 0, IPC_SEND_WORDS(IPC_WORDS_MAX)),
                E_INVAL, "console_write_too_long");
    CHECK_ERROR(call(CONSOLE_WRITE, UINT32_MAX, 0, IPC_SEND_WORDS(IPC_WORDS_MAX)), E_INVAL,
                "console_write_much_too_long");
    CHECK_ERROR(call(CONSOLE_SET_FOREGROUND + 1, 0, 0, 0), E_NO_SYS, "console_unknown_call");
    CHECK_ERROR(call(0, 0, 0, 0), E_NO_SYS, "console_no_call");
}

static void test_read(void)
{
    char text[16];
    uint64_t start = time_us();

    CHECK_ERROR(call(CONSOLE_READ, 0, 0, 0), E_INVAL, "console_read_nothing");
    CHECK_ERROR(console_read(text, sizeof(text), CONSOLE_NOWAIT), E_TIMEOUT, "console_read_nowait");
    CHECK_ERROR(console_read(text, sizeof(text), 30), E_TIMEOUT, "console_read_timeout");
    CHECK(time_us() - start >= 30000, "console_read_waits_that_long");
}

static void test_mode(void)
{
    char text[16];

    CHECK_EQ(console_set_mode(CONSOLE_RAW), CONSOLE_COOKED, "console_set_raw");
    CHECK_ERROR(console_read(text, sizeof(text), 10), E_TIMEOUT, "console_read_raw_timeout");
    CHECK_EQ(console_set_mode(CONSOLE_COOKED), CONSOLE_RAW, "console_set_cooked");
    CHECK_ERROR(call(CONSOLE_SET_MODE, 2, 0, 0), E_INVAL, "console_set_mode_bad");
}

static int set_foreground(void *arg)
{
    (void)arg;
    return console_set_foreground(0) == -E_PERM ? 0 : 1;
}

static int take_foreground(void *arg)
{
    (void)arg;
    return console_set_foreground(0) == 0 ? 0 : 1;
}

/* The right is the first one's, until he dies. */
static void test_foreground(void)
{
    CHECK_CHILD(take_foreground, NULL, "console_foreground_first");
    CHECK_OK(console_set_foreground(0), "console_foreground_after_death");
    CHECK_CHILD(set_foreground, NULL, "console_foreground_is_one_clients");
}

static int wait_for_input(void *arg)
{
    char text[16];

    (void)arg;
    return console_read(text, sizeof(text), CONSOLE_WAIT);
}

/* As many as may wait do; one more is refused; when they are dead, there is room again. */
static void test_readers(void)
{
    envid_t threads[READERS_MAX];
    char text[16];
    bool waiting = true;

    for (uint32_t i = 0; i < READERS_MAX; i++) {
        threads[i] = thread_create(wait_for_input, NULL);
        waiting = waiting && threads[i] > 0 && test_wait_status(threads[i], ENV_NOT_RUNNABLE);
    }
    CHECK(waiting, "console_readers_wait");
    CHECK_ERROR(console_read(text, sizeof(text), CONSOLE_WAIT), E_BUSY, "console_readers_too_many");
    for (uint32_t i = 0; i < READERS_MAX; i++)
        thread_kill(threads[i]);
    CHECK_ERROR(console_read(text, sizeof(text), 10), E_TIMEOUT,
                "console_dead_readers_are_dropped");
}

static void test_random_messages(void)
{
    uint32_t seed = 2;

    for (uint32_t i = 0; i < RANDOM_MESSAGES; i++) {
        uint32_t words = rand_below(&seed, IPC_WORDS_MAX + 1);
        struct ipc_msg msg = {.w = {rand_r(&seed), rand_r(&seed), rand_r(&seed), rand_r(&seed)}};

        if (rand_below(&seed, 4) != 0)
            msg.w[0] = SERVER_OP(SERVER_CONSOLE, rand_below(&seed, 6));
        if (msg.w[0] == CONSOLE_WRITE)
            msg.w[1] |= 0x1000; /* not readable as test results, if it were written */
        if (msg.w[0] == CONSOLE_READ)
            msg.w[2] = rand_below(&seed, 2) ? CONSOLE_NOWAIT : 1;
        for (uint32_t j = 0; j < words; j++)
            utcb()->words[j] = rand_r(&seed);
        (void)server_call(SERVER_CONSOLE, IPC_SEND_WORDS(words), &msg, NULL);
    }
    (void)console_set_mode(CONSOLE_COOKED);
    CHECK_OK(console_set_foreground(0), "console_foreground_cleared");
    CHECK(answers(), "console_survives_random_messages");
}

static int call_for_ever(void *arg)
{
    char text[16];

    (void)arg;
    for (;;)
        (void)console_read(text, sizeof(text), CONSOLE_NOWAIT);
}

static void test_bad_clients(void)
{
    static test_fn *const clients[] = {call_for_ever, wait_for_input};
    static const struct service_test test = {
        SERVER_CONSOLE, answers, {.w = {CONSOLE_READ, 1, CONSOLE_NOWAIT}}};

    CHECK(service_outlives_clients(&test, clients, 2), "console_survives_dying_clients");
    CHECK(service_survives_flood(&test), "console_survives_flood");
}

int main(void)
{
    test_write();
    test_read();
    test_mode();
    test_foreground();
    test_readers();
    test_random_messages();
    test_bad_clients();
    return test_status();
}
