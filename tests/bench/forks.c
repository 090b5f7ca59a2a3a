/* Parallel fork, exit and wait, by the system's servers: worker i is a process on CPU i. Argument: window=TICKS. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grain/memory.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/bench/bench.h"
#include "tests/bench/gang.h"
#include "tests/bench/locks.h"

#define WINDOW_TICKS 8000000u
#define LEAD_TICKS   1000000u /* enough for all workers to be forked, and for their first rounds */

static void fork_exit_wait(struct gang_worker *me)
{
    pid_t pid = fork();

    (void)me;
    if (pid == 0)
        exit(0);
    if (pid < 0 || waitpid(pid, NULL, 0) != pid)
        bench_fail("fork or wait failed");
}

static struct gang *make_shared(void)
{
    uint32_t key = 0;
    uintptr_t va = 0;
    size_t bytes = 0;

    if (shared_create(sizeof(struct gang), &key) != 0 ||
        shared_attach(key, PERM_RW, &va, &bytes) != 0)
        bench_fail("no shared memory");
    return (struct gang *)va;
}

int main(int argc, char **argv)
{
    uint32_t count = sysinfo()->ncpus;
    struct gang *gang = make_shared();
    pid_t pids[GANG_MAX];
    bool good = true;

    gang_init(gang, 0);
    locks_begin();
    gang->begin = time_ticks() + (uint64_t)count * LEAD_TICKS;
    gang->end = gang->begin + bench_option(argc, argv, "window", WINDOW_TICKS);
    for (uint32_t i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            if (!bench_pin(0, i))
                bench_fail("cannot be pinned");
            gang_work(gang, &gang->workers[i], fork_exit_wait);
            exit(0);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        int status = 0;
        good = pids[i] > 0 && waitpid(pids[i], &status, 0) == pids[i] && status == 0 && good;
    }
    if (!good)
        bench_fail("a worker ended before its time");
    gang_report("forks", gang, count);
    locks_report("forks");
    locks_report_sections();
    return 0;
}
