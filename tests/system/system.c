/* Helpers of system tests, see system.h. */
#include "tests/system/system.h"

#include <fcntl.h>
#include <stdlib.h>

#include "abi/errors.h"
#include "grain/console.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
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

struct kernel_counters counts_settled(void)
{
    struct kernel_counters before;
    struct kernel_counters now;

    kernel_info(&now);
    for (uint32_t i = 0; i < SETTLE_TRIES; i++) {
        before = now;
        sleep_us(SETTLE_US);
        kernel_info(&now);
        if (now.free_frames == before.free_frames && now.envs == before.envs)
            break;
    }
    return now;
}

static int end_with(uintptr_t status)
{
    return (int)status;
}

bool system_works(void)
{
    const char *const argv[] = {CHILD, "status", "5", NULL};
    uintptr_t va = 0;
    int file = open("README.md", O_RDONLY);
    int mode = console_set_mode(CONSOLE_COOKED);
    char first[2] = "";

    if (file < 0 || read(file, first, 1) != 1 || first[0] != '#' || close(file) != 0)
        return false;
    if (child_run(end_with, 3) != 3 || program_run(argv, 0) != 5)
        return false;
    if (mode < 0 && mode != -E_PERM) /* another's turn: that is an answer, too */
        return false;
    if (memory_map(&va, PAGE_SIZE, PERM_RW) < 0)
        return false;
    *(volatile uint32_t *)va = 1;
    return memory_unmap(va, PAGE_SIZE) == 0;
}
