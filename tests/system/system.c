/* Helpers of system tests, see system.h. */
#include "tests/system/system.h"

#include <stdlib.h>

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"

#define SETTLE_US    2000u
#define SETTLE_TRIES (TEST_PATIENCE_US / SETTLE_US)

pid_t child_start(int (*fn)(uintptr_t arg), uintptr_t arg)
{
    pid_t pid = fork();

    if (pid == 0)
        exit(fn(arg));
    return pid;
}

int child_end(pid_t pid)
{
    int status = 0;
    pid_t got = pid < 0 ? pid : waitpid(pid, &status, 0);

    return got < 0 ? got : status;
}

int child_run(int (*fn)(uintptr_t arg), uintptr_t arg)
{
    return child_end(child_start(fn, arg));
}

bool child_is_zombie(pid_t pid)
{
    struct proc_info info;

    for (uint32_t i = 0; i < SETTLE_TRIES; i++) {
        if (process_list(pid, &info) == pid && info.state == PROC_ZOMBIE)
            return true;
        sleep_us(SETTLE_US);
    }
    return false;
}

int program_run(const char *const *argv, uint32_t frames)
{
    char *const *words = (char *const *)(uintptr_t)argv;

    return child_end(spawn_limited(CHILD, words, environ, frames));
}

envid_t process_env(pid_t pid)
{
    struct proc_info info;

    return process_list(pid, &info) == pid ? info.env : 0;
}

volatile uint32_t *word_at(uintptr_t va)
{
    return (volatile uint32_t *)va;
}

static struct usage usage_now(void)
{
    struct kernel_counters counters = {.envs = 0};

    (void)kernel_info(&counters);
    return (struct usage){counters.total_frames - counters.free_frames, counters.envs};
}

static bool usage_equal(const struct usage *a, const struct usage *b)
{
    return a->frames == b->frames && a->envs == b->envs;
}

struct usage usage_settled(void)
{
    struct usage before = usage_now();

    for (uint32_t i = 0; i < SETTLE_TRIES; i++) {
        sleep_us(SETTLE_US);
        struct usage now = usage_now();

        if (usage_equal(&before, &now))
            break;
        before = now;
    }
    return before;
}

bool usage_returns(const struct usage *before)
{
    for (uint32_t i = 0; i < SETTLE_TRIES; i++) {
        struct usage now = usage_now();

        if (usage_equal(before, &now))
            return true;
        sleep_us(SETTLE_US);
    }
    return false;
}
