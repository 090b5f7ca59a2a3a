/* Envs: made, started and destroyed; and how soon one that is blocked on another, idle CPU runs. */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/bench/bench.h"

/* Long enough for the other CPU to have nothing left to do and to halt. */
#define SETTLE_US 500u

/* Without bits for its controller a dead env's slot is free at once: nothing is left to reap. It is
 * destroyed before it had a turn. */
ALWAYS_INLINE void sample_create(uint32_t flags)
{
    envid_t id;
    int started;
    int destroyed;

    bench_begin();
    id = env_create(flags, 0, 0, 0);
    started = env_start(id);
    destroyed = env_destroy(id, 0);
    bench_end();
    bench_require(id > 0 && started == 0 && destroyed == 0);
}

static void create_thread(void)
{
    sample_create(0);
}

static void create_space(void)
{
    sample_create(ENV_NEW_ASPACE);
}

/* ---- Wake-up. The sample begins here and ends in the other thread. ---- */

static envid_t sleeper;
static envid_t self;

static int wake_by_bits(void *arg)
{
    struct ipc_msg msg;

    (void)arg;
    for (;;) {
        bench_require(ipc_recv_from(0, &msg) == 0);
        bench_end();
        bench_require(notify(self, 1) == 0);
    }
}

static int wake_by_message(void *arg)
{
    struct ipc_msg msg;

    (void)arg;
    for (;;) {
        bench_require(ipc_recv(&msg) > 0);
        bench_end();
        bench_require(notify(self, 1) == 0);
    }
}

static bool start_sleeper(uint32_t cpu, int (*fn)(void *arg))
{
    self = env_self();
    sleeper = bench_thread(cpu, fn, NULL);
    return sleeper > 0;
}

static bool start_bits(void)
{
    return start_sleeper(1, wake_by_bits);
}

static bool start_message(void)
{
    return start_sleeper(1, wake_by_message);
}

static void stop(void)
{
    thread_kill(sleeper);
}

static void wake_bits(void)
{
    sleep_us(SETTLE_US);
    bench_begin();
    bench_require(notify(sleeper, 1) == 0);
    (void)notify_wait(1);
}

static void wake_message(void)
{
    struct ipc_msg msg = {.w = {0}};

    sleep_us(SETTLE_US);
    bench_begin();
    bench_require(ipc_send(sleeper, &msg) == 0);
    (void)notify_wait(1);
}

static const struct bench_case cases[] = {
    {.name = "env_create", .sample = create_thread},
    {.name = "env_create_space", .sample = create_space},
    {.name = "wake_notify", .cpus = 2, .setup = start_bits, .sample = wake_bits, .teardown = stop},
    {.name = "wake_message",
     .cpus = 2,
     .setup = start_message,
     .sample = wake_message,
     .teardown = stop},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
