/* No memory at each moment of a fork, an exec, a spawn, a new thread, one after the other: whoever had to know hears
 * of it, the servers go on, and nothing is left behind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "grain/debug.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/system/system.h"

#define MANY  2000u /* frames that none of these needs */
#define FEW   5u    /* that each of them needs */
#define MAGIC 77
#define GO    1u /* notification */

static char name[] = CHILD;
static char mode[] = "status";
static char status[] = "77";
static char *const child_argv[] = {name, mode, status, NULL};

/* Each runs in a child of the test, so that a page of ours that cannot be copied is its end. It begins when it is
 * told that the test itself has its own copies of the pages that they share. Its own status is MAGIC when all went
 * well, and the error's number else. */

static void begin(uintptr_t nth)
{
    (void)notify_wait(GO);
    (void)debug_fail_frames(nth, 1);
}

static int fork_once(uintptr_t nth)
{
    pid_t pid;
    int result;

    begin(nth);
    pid = fork();
    if (pid == 0)
        exit(MAGIC);
    if (pid < 0)
        return -pid;
    result = child_end(pid);
    return WIFEXITED(result) ? WEXITSTATUS(result) : E_NO_MEM;
}

static int spawn_once(uintptr_t nth)
{
    pid_t pid;
    int result;

    begin(nth);
    pid = spawnv(name, child_argv);
    if (pid < 0)
        return -pid;
    result = child_end(pid);
    return WIFEXITED(result) ? WEXITSTATUS(result) : E_NO_MEM;
}

static int exec_once(uintptr_t nth)
{
    begin(nth);
    return -execv(name, child_argv);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int thread_once(uintptr_t nth)
{
    envid_t thread;

    begin(nth);
    thread = thread_create(do_nothing, NULL);
    if (thread < 0)
        return -thread;
    return thread_join(thread, NULL) == 0 ? MAGIC : E_NO_MEM;
}

/* What the parent does until it waits it has done once before the child begins. */
static int run(int (*once)(uintptr_t), uintptr_t nth)
{
    pid_t pid = child_start(once, nth);

    if (pid < 0)
        return pid;
    (void)waitpid(pid, NULL, WNOHANG);
    (void)notify(process_env(pid), GO);
    return child_end(pid);
}

/* True while it goes on: the nth allocation was made, and all was as it should be. */
static bool run_without(int (*once)(uintptr_t), uint32_t nth, const char *what, bool *good)
{
    struct kernel_counters before = counts_settled();
    int result = run(once, nth);
    bool reached = (uint32_t)debug_fail_frames(0, 0) >= nth;
    bool is_error = WNOMEMORY(result) || result == E_NO_MEM;

    /* The failure may have met one who tries again, or another process. */
    *good = result == MAGIC || (reached && is_error);
    if (!*good)
        printf("# %s without frame %u: status %x\n", what, nth, (unsigned)result);
    else if (!test_counts_settle(&before)) {
        *good = false;
        printf("# %s without frame %u: something stays\n", what, nth);
    }
    return reached && *good;
}

static void check(int (*once)(uintptr_t), const char *what, const char *id)
{
    uint32_t nth = 1;
    bool good;

    /* The first time our own pages are copied, and the servers take what they keep. */
    (void)run(once, MANY);
    while (run_without(once, nth, what, &good) && nth < MANY)
        nth++;
    printf("# %s: %u frames\n", what, nth - 1);
    CHECK(good && nth > FEW && nth < MANY, id);
}

int main(void)
{
    if (debug_check(NULL) == -E_NO_SYS) {
        TEST_SKIP("inject_fork", "the kernel is built without tests");
        return test_status();
    }
    check(fork_once, "fork", "inject_fork");
    check(spawn_once, "spawn", "inject_spawn");
    check(exec_once, "exec", "inject_exec");
    check(thread_once, "thread", "inject_thread");
    CHECK_OK(debug_check(NULL), "inject_system_is_sound");
    return test_status();
}
