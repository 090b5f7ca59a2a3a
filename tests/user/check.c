/* The check of the kernel's structures (abi/debug.h), from all CPUs at once while envs come and go around it.
 */
#include <errno.h>
#include <stdatomic.h>

#include "grain/debug.h"
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/thread.h"
#include "tests/user/test.h"

#define ROUNDS      20u
#define WORKERS_MAX 8u

static _Atomic uint32_t checks;
static _Atomic uint32_t failed;
static atomic_bool over;
static envid_t server;

static void check_once(void)
{
    if (debug_check(NULL) != 0)
        atomic_fetch_add(&failed, 1);
    atomic_fetch_add(&checks, 1);
}

static int check_often(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < ROUNDS; i++)
        check_once();
    return 0;
}

static int serve(void *arg)
{
    struct ipc_msg msg;
    envid_t client = ipc_recv(&msg);

    (void)arg;
    for (;;)
        client = ipc_reply_recv(client, &msg);
}

/* Something for the check to look at: calls, timeouts, envs that end. */
static int end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

static int make_noise(void *arg)
{
    bool good;

    (void)arg;
    do {
        struct ipc_msg msg = {.w = {1}};
        envid_t thread = thread_create(end_at_once, NULL);

        good = ipc_call(server, &msg) == server;
        sleep_us(100);
        good = thread > 0 && thread_join(thread, NULL) == 0 && good;
    } while (good && !atomic_load(&over));
    return good ? 0 : 1;
}

/* All have started, and ended with status 0. */
static bool join_all(const envid_t *threads, uint32_t count)
{
    bool good = true;

    for (uint32_t i = 0; i < count; i++) {
        struct env_death death = {.cause = 0};

        good = threads[i] > 0 && thread_join(threads[i], &death) == 0 &&
               death.cause == ENV_EXITED && death.status == 0 && good;
    }
    return good;
}

static void check_from_all_cpus(void)
{
    envid_t noise[WORKERS_MAX];
    envid_t checkers[WORKERS_MAX];
    uint32_t count = test_cpus() < WORKERS_MAX ? test_cpus() : WORKERS_MAX;

    server = test_thread_start(0, serve, NULL);
    for (uint32_t i = 0; i < count; i++)
        noise[i] = test_thread_start(i, make_noise, NULL);
    for (uint32_t i = 0; i < count; i++)
        checkers[i] = test_thread_start(i, check_often, NULL);
    CHECK(join_all(checkers, count), "check_checkers_end");
    atomic_store(&over, true);
    CHECK(join_all(noise, count), "check_noise_ends");
    thread_kill(server);
    CHECK_EQ(checks, count * ROUNDS, "check_checks_made");
    CHECK_EQ(failed, 0, "check_all_cpus_at_once");
}

int main(void)
{
    int result = debug_check(NULL);

    if (result == -E_NO_SYS) {
        TEST_SKIP("check_quiet", "the kernel is built without tests");
        return test_status();
    }
    CHECK_OK(result, "check_quiet");
    CHECK_ERROR(syscall1(SYS_debug, DEBUG_OP_END), E_INVAL, "check_unknown_op");
    check_from_all_cpus();
    return test_status();
}
