/* pingpong: two processes send a message to and fro, and the time of a round trip. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "apps/error.h"
#include "apps/options.h"
#include "apps/partner.h"
#include "grain/ipc.h"
#include "grain/time.h"
#include "grain/windows.h"

enum { PING_BALL = 0x70696e67, PING_QUIT };

static uint32_t rounds = 1000;
static bool two_cpus;

static const struct option list[] = {
    {'n', "rounds", "N", "round trips (default 1000)", .number = &rounds, .least = 1,
     .most = 1000000},
    {'2', "two-cpus", NULL, "one process on CPU 0, one on CPU 1 (default: both on 0)",
     .flag = &two_cpus},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "pingpong",
    .operands = "",
    .text = "Two processes exchange messages; prints the time of a round trip in TSC ticks.",
    .list = list,
};

static int pin(uint32_t cpu)
{
    return env_set_sched(0, SCHED_PRIO_DEFAULT, cpu);
}

/* The child's status. */
static int answer(envid_t parent)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from = pin(two_cpus ? 1 : 0);

    if (from == 0)
        from = ipc_recv_from(parent, &msg);
    while (from > 0 && msg.w[0] == PING_BALL)
        from = ipc(IPC_OP_REPLY_RECV | IPC_CLOSED, parent, &msg);
    return from == parent && msg.w[0] == PING_QUIT ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int play(envid_t child, uint32_t *samples)
{
    for (uint32_t i = 0; i < rounds; i++) {
        struct ipc_msg msg = {.w = {PING_BALL, i, ~i, 0}};
        uint64_t start = time_ticks();
        int32_t from = ipc_call(child, &msg);

        samples[i] = (uint32_t)(time_ticks() - start);
        if (from < 0)
            return from;
        if (msg.w[1] != i || msg.w[2] != ~i)
            return -E_UNSPECIFIED;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void print_result(uint32_t *samples)
{
    qsort(samples, rounds, sizeof(samples[0]), compare);
    printf("%u round trips on %s: median %u TSC ticks, least %u, 99 in 100 below %u\n", rounds,
           two_cpus ? "two CPUs" : "one CPU", samples[rounds / 2], samples[0],
           samples[(uint32_t)((uint64_t)rounds * 99 / 100)]);
}

static int quit(const struct partner *child)
{
    struct ipc_msg msg = {.w = {PING_QUIT}};
    int status = 0;
    int result = ipc_send(child->env, &msg);

    if (result == 0)
        result = waitpid(child->pid, &status, 0);
    return result < 0 ? result : status == 0 ? 0 : -E_DEAD;
}

static int run(uint32_t *samples)
{
    struct partner partner;
    int result = pin(0);

    if (result < 0)
        return error_print("cannot be pinned to a CPU: %s", grain_strerror(result));
    result = partner_fork(&partner);
    if (result < 0)
        return error_print("cannot start a second process: %s", grain_strerror(result));
    if (result == 0)
        return answer(partner.env);
    result = play(partner.env, samples);
    if (result == 0)
        result = quit(&partner);
    if (result < 0)
        return error_print("the second process is lost: %s", grain_strerror(result));
    print_result(samples);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    options_parse(&command_line, argc, argv);
    if (two_cpus && sysinfo()->ncpus < 2)
        return error_print("there is only one CPU");
    uint32_t *samples = malloc(rounds * sizeof(samples[0]));
    if (samples == NULL)
        return error_print("no memory for %u samples", rounds);
    int status = run(samples);
    free(samples);
    return status;
}
