/* wait, exit, and kill in every state. */
#include <stdio.h>
#include <stdlib.h>

#include "grain/ipc.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/system/system.h"

#define SOME_US     20000u
#define STEADY_US   2000u
#define KILL_ROUNDS 10u
#define GO          1u /* notification */
#define GENERATIONS 6u

/* ---- Children that do one thing. ---- */

static int end_with(uintptr_t status)
{
    return (int)status;
}

static int end_later(uintptr_t status)
{
    sleep_us(SOME_US);
    return (int)status;
}

/* Until it is told; and then has its parent wait for it. */
static int end_when_told(uintptr_t status)
{
    (void)notify_wait(GO);
    return end_later(status);
}

static int sleep_on(uintptr_t arg)
{
    (void)arg;
    for (;;)
        sleep(1000);
}

static int spin(uintptr_t arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("");
}

/* To its parent, who does not receive. */
static int send_to(uintptr_t env)
{
    const struct ipc_msg msg = {.w = {1}};

    return ipc_send((envid_t)env, &msg) == 0 ? 0 : 1;
}

/* Zeroed pages for ever. */
static int fault_on(uintptr_t arg)
{
    (void)arg;
    for (;;) {
        uintptr_t va = 0;

        if (memory_map(&va, 16 * PAGE_SIZE, PERM_RW) < 0)
            return 1;
        for (uint32_t i = 0; i < 16; i++)
            *(volatile uint32_t *)(va + i * PAGE_SIZE) = i;
        if (memory_unmap(va, 16 * PAGE_SIZE) < 0)
            return 2;
    }
}

static int fork_on(uintptr_t arg)
{
    (void)arg;
    for (;;) {
        if (child_run(end_with, 0) != 0)
            return 1;
    }
}

static int wait_on(uintptr_t arg)
{
    pid_t pid = child_start(sleep_on, 0);

    (void)arg;
    return child_end(pid);
}

static int exec_on(uintptr_t arg)
{
    static char name[] = CHILD, mode[] = "exec";
    char *const argv[] = {name, mode, NULL};

    (void)arg;
    return -execv(CHILD, argv);
}

static int thread_spin(void *arg)
{
    return spin((uintptr_t)arg);
}

static int many_threads(uintptr_t arg)
{
    for (uint32_t i = 0; i < 6; i++) {
        if (thread_create(thread_spin, NULL) < 0)
            return 1;
    }
    return sleep_on(arg);
}

static int divide(uintptr_t by)
{
    __asm__ volatile("xorl %%edx, %%edx\n\tdivl %0" : : "r"((uint32_t)by), "a"(1) : "edx", "cc");
    return 0;
}

static int write_to(uintptr_t va)
{
    *(volatile uint32_t *)va = 1;
    return 0;
}

static int thread_fault(void *arg)
{
    return write_to((uintptr_t)arg);
}

/* A thread's fault is the process's. */
static int fault_in_thread(uintptr_t va)
{
    envid_t thread = thread_create(thread_fault, (void *)va);

    return thread < 0 ? 1 : sleep_on(0);
}

static int thread_exit_7(void *arg)
{
    (void)arg;
    exit(7);
}

static int exit_in_thread(uintptr_t arg)
{
    envid_t thread = thread_create(thread_exit_7, NULL);

    return thread < 0 ? 1 : sleep_on(arg);
}

/* ---- Wait. ---- */

static void check_wait(void)
{
    int status = -1;
    pid_t pid;

    CHECK_ERROR(wait(&status), E_BAD_ENV, "wait_no_children");
    CHECK_ERROR(waitpid(-1, &status, WNOHANG), E_BAD_ENV, "wait_no_children_nohang");
    CHECK_ERROR(waitpid(getpid(), &status, 0), E_BAD_ENV, "wait_self");
    CHECK_ERROR(waitpid(1, &status, 0), E_BAD_ENV, "wait_init");
    pid = child_start(end_when_told, 3);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0, "wait_nohang");
    CHECK_ERROR(waitpid(pid + 1000, &status, 0), E_BAD_ENV, "wait_no_such");
    CHECK_OK(notify(process_env(pid), GO), "wait_told");
    CHECK(waitpid(pid, &status, 0) == pid && status == 3, "wait_blocks");
    CHECK_ERROR(waitpid(pid, &status, 0), E_BAD_ENV, "wait_once");
    pid = child_start(end_with, 4);
    CHECK(child_is_zombie(pid), "wait_zombie_listed");
    CHECK(waitpid(pid, &status, WNOHANG) == pid && status == 4, "wait_zombie");
}

static void check_wait_any(void)
{
    pid_t slow = child_start(end_later, 1);
    pid_t quick = child_start(end_with, 2);
    int first = 0;
    int second = 0;

    CHECK_EQ(waitpid(slow, &first, 0), slow, "wait_one_of_two");
    CHECK_EQ(wait(&second), quick, "wait_any");
    CHECK(first == 1 && second == 2, "wait_statuses");
}

static int thread_wait(void *arg)
{
    return waitpid((pid_t)(uintptr_t)arg, NULL, 0) > 0 ? 1 : 0;
}

/* Two threads wait for one child: one gets it, the other is told that there is none. */
static void check_wait_threads(void)
{
    struct env_death deaths[2];
    pid_t pid = child_start(end_later, 0);
    envid_t first = thread_create(thread_wait, (void *)(uintptr_t)pid);
    envid_t second = thread_create(thread_wait, (void *)(uintptr_t)0);

    CHECK(thread_join(first, &deaths[0]) == 0 && thread_join(second, &deaths[1]) == 0,
          "wait_two_threads_end");
    CHECK_EQ(deaths[0].status + deaths[1].status, 1, "wait_two_threads");
}

static volatile envid_t waiting_env; /* who is about to wait */
static pid_t late_child;
static envid_t late_env;

/* Gives up waiting, and asks proc for nothing more, so that proc believes it waits. Then the child ends, once the other
 * thread waits, too. */
static int give_up(void *arg)
{
    struct ipc_msg msg = {.w = {PROC_WAIT, (uint32_t)late_child}};

    (void)arg;
    ipc_set_timeouts(IPC_NEVER, STEADY_US);
    if (ipc(IPC_OP_CALL | IPC_TIMED, process_servers.proc, &msg) != -E_TIMEOUT)
        return 1;
    while (waiting_env == 0)
        sleep_us(STEADY_US);
    if (!test_wait_status(waiting_env, ENV_NOT_RUNNABLE))
        return 2;
    if (notify(late_env, GO) < 0)
        return 3;
    (void)notify_wait(GO); /* until the other one has its answer */
    return 0;
}

/* A thread that is not there for the answer, and that is asked before another one, does not take the child with it. */
static void check_wait_given_up(void)
{
    struct env_death death = {.status = 1};
    int status = -1;

    late_child = child_start(end_when_told, 5);
    late_env = process_env(late_child);
    envid_t thread = thread_create(give_up, NULL); /* the youngest is asked first */
    waiting_env = env_self();
    CHECK(waitpid(late_child, &status, 0) == late_child && status == 5, "wait_given_up_by_another");
    CHECK_OK(notify(thread, GO), "wait_given_up_told");
    CHECK(thread_join(thread, &death) == 0 && death.status == 0, "wait_given_up");
}

/* ---- How it ended. ---- */

static void check_statuses(void)
{
    int status = child_run(write_to, 0x1000);

    CHECK(WIFFAULTED(status) && WFAULT(status) == 14, "status_page_fault");
    status = child_run(write_to, USER_TEXT);
    CHECK(WIFFAULTED(status) && WFAULT(status) == 14, "status_write_text");
    status = child_run(write_to, 0xc0000000);
    CHECK(WIFFAULTED(status) && WFAULT(status) == 14, "status_write_kernel");
    status = child_run(divide, 0);
    CHECK(WIFFAULTED(status) && WFAULT(status) == 0, "status_divide");
    CHECK_EQ(child_run(end_with, 255), 255, "status_255");
    CHECK_EQ(child_run(end_with, 0x1234), 0x34, "status_8_bits");
    status = child_run(fault_in_thread, 0x1000);
    CHECK(WIFFAULTED(status), "status_thread_fault");
    CHECK_EQ(child_run(exit_in_thread, 0), 7, "status_thread_exit");
}

/* ---- Kill. ---- */

static bool kill_one(int (*fn)(uintptr_t arg), uintptr_t arg, uint32_t after_us)
{
    pid_t pid = child_start(fn, arg);

    if (after_us != 0)
        sleep_us(after_us);
    if (pid < 0 || kill(pid) < 0)
        return false;
    return WIFKILLED(child_end(pid));
}

static bool kill_some(int (*fn)(uintptr_t arg), uintptr_t arg)
{
    bool good = true;

    for (uint32_t i = 0; i < KILL_ROUNDS; i++)
        good = kill_one(fn, arg, i * STEADY_US / 2) && good;
    return good;
}

static int kill_parent(uintptr_t pid)
{
    return kill((pid_t)pid) == -E_PERM && kill(getppid()) == -E_PERM && kill(1) == -E_PERM ? 0 : 1;
}

/* The same from further below. */
static int kill_from_below(uintptr_t pid)
{
    return child_run(kill_parent, pid);
}

static int kill_other(uintptr_t pid)
{
    return -kill((pid_t)pid);
}

static int kill_self(uintptr_t arg)
{
    (void)arg;
    (void)kill(getpid());
    return 1;
}

static int leave_sleeper(uintptr_t arg)
{
    return child_start(sleep_on, arg) > 0 ? 0 : 1;
}

/* The pid of a child of init that is not the test itself; 0: there is none. */
static pid_t orphan_of_init(void)
{
    struct proc_info info;

    for (pid_t pid = PROC_PID_INIT + 1; (pid = process_list(pid, &info)) > 0; pid++) {
        if (info.parent == PROC_PID_INIT && pid != getpid())
            return pid;
    }
    return 0;
}

/* Its grandchild is ended as a descendant; while the child lives. */
static int grandchild(uintptr_t key)
{
    uintptr_t va;
    size_t bytes;
    pid_t pid = child_start(sleep_on, 0);

    if (shared_attach((uint32_t)key, PERM_RW, &va, &bytes) < 0)
        return 1;
    *(volatile uint32_t *)va = (uint32_t)pid;
    return WIFKILLED(child_end(pid)) ? 0 : 2;
}

static void check_descendant(void)
{
    uint32_t key = 0;
    uintptr_t va = 0;
    size_t bytes;

    if (!CHECK(shared_create(PAGE_SIZE, &key) == 0 && shared_attach(key, PERM_RW, &va, &bytes) == 0,
               "kill_shared"))
        return;
    pid_t pid = child_start(grandchild, key);
    while (*word_at(va) == 0)
        sleep_us(STEADY_US);
    CHECK_OK(kill((pid_t)*word_at(va)), "kill_grandchild");
    CHECK_EQ(child_end(pid), 0, "kill_grandchild_status");
    CHECK_OK(memory_unmap(va, bytes), "kill_unmap");
}

/* Neither below the killer nor above: a sibling, and one that has been left behind. */
static void check_sibling(void)
{
    pid_t pid = child_start(sleep_on, 0);
    struct proc_info info;

    CHECK_EQ(child_run(kill_other, (uintptr_t)pid), 0, "kill_sibling");
    CHECK(WIFKILLED(child_end(pid)), "kill_sibling_status");
    CHECK_EQ(child_run(leave_sleeper, 0), 0, "kill_orphan_left");
    pid = orphan_of_init();
    CHECK(pid > 0, "kill_orphan_listed");
    CHECK_OK(kill(pid), "kill_orphan");
    while (process_list(pid, &info) == pid)
        sleep_us(STEADY_US);
}

static uintptr_t left_word; /* shared */
static pid_t left_target;

/* What it says when its parent has gone and it is init's: 1 and the error. */
static int kill_when_left(uintptr_t arg)
{
    while (getppid() != (pid_t)PROC_PID_INIT)
        sleep_us(STEADY_US);
    *word_at(left_word) = (uint32_t)(1 - kill(left_target));
    return (int)arg;
}

static int leave_killer(uintptr_t arg)
{
    return child_start(kill_when_left, arg) > 0 ? 0 : 1;
}

/* One that was left behind has init for a parent, as the shell has, but is not beside it. */
static void check_left_behind(void)
{
    uint32_t key = 0;
    size_t bytes;

    left_target = getpid();
    if (!CHECK(shared_create(PAGE_SIZE, &key) == 0 &&
                   shared_attach(key, PERM_RW, &left_word, &bytes) == 0,
               "kill_by_orphan_shared"))
        return;
    CHECK_EQ(child_run(leave_killer, 0), 0, "kill_by_orphan_left");
    while (*word_at(left_word) == 0)
        sleep_us(STEADY_US);
    CHECK_EQ(*word_at(left_word), 1 + E_PERM, "kill_by_orphan");
    CHECK_ERROR(kill(PROC_EVERYBODY), E_PERM, "kill_everybody");
    CHECK_OK(memory_unmap(left_word, bytes), "kill_by_orphan_unmap");
}

static void check_kill(void)
{
    CHECK(kill_some(spin, 0), "kill_running");
    CHECK(kill_some(sleep_on, 0), "kill_receiving");
    CHECK(kill_some(send_to, (uintptr_t)env_self()), "kill_sending");
    CHECK(kill_some(fault_on, 0), "kill_faulting");
    CHECK(kill_some(fork_on, 0), "kill_forking");
    CHECK(kill_some(wait_on, 0), "kill_waiting");
    CHECK(kill_some(exec_on, 0), "kill_in_exec");
    CHECK(kill_some(many_threads, 0), "kill_threads");
    CHECK_EQ(child_run(kill_parent, (uintptr_t)getpid()), 0, "kill_not_allowed");
    CHECK_EQ(child_run(kill_from_below, (uintptr_t)getpid()), 0, "kill_ancestor");
    CHECK(WIFKILLED(child_run(kill_self, 0)), "kill_self");
    CHECK_ERROR(kill(0x7ffffff0), E_BAD_ENV, "kill_no_such");
    pid_t pid = child_start(end_with, 0);
    CHECK(child_is_zombie(pid), "kill_zombie_listed");
    CHECK_ERROR(kill(pid), E_BAD_ENV, "kill_zombie");
    CHECK_EQ(child_end(pid), 0, "kill_zombie_status");
}

/* ---- Orphans. ---- */

static int leave_orphans(uintptr_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (child_start(i % 2 == 0 ? end_later : end_with, 1) < 0)
            return 1;
    }
    return 0;
}

static void check_orphans(void)
{
    struct kernel_counters before = counts_settled();

    CHECK_EQ(child_run(leave_orphans, 10), 0, "orphans_left");
    CHECK(test_counts_settle(&before), "orphans_reaped");
    CHECK_ERROR(wait(NULL), E_BAD_ENV, "orphans_not_ours");
}

/* One below the other; the last one is left when this program ends, and init's to end: `leak` says whether it has. */
static int grow_chain(uintptr_t generations)
{
    pid_t pid = generations == 0 ? 0 : child_start(grow_chain, generations - 1);

    return pid < 0 ? 1 : sleep_on(0);
}

int main(void)
{
    check_wait();
    check_wait_any();
    check_wait_threads();
    check_wait_given_up();
    check_statuses();
    check_kill();
    check_descendant();
    check_sibling();
    check_left_behind();
    check_orphans();
    CHECK(child_start(grow_chain, GENERATIONS) > 0, "orphans_left_to_init");
    return test_status();
}
