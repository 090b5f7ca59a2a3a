/* No memory, at each place where the kernel asks for a frame, one after the other: each call that does so says
 * E_NO_MEM to the one that has to know, changes nothing, and works the next time.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "grain/debug.h"
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "tests/user/test.h"

#define SOURCE     0x50000000u
#define TARGET     0x58000000u
#define TABLE_SPAN 0x00200000u                           /* what a page table maps */
#define ACROSS     (TARGET + TABLE_SPAN - 4 * PAGE_SIZE) /* a range from here on needs two */
#define PAGES      20u
#define SHORT \
    (ACROSS + 2 * PAGE_SIZE) /* so does one of so few from here on, in one step of a long call */
#define FEW  4u
#define MANY 200u /* allocations that a call here never makes */

static envid_t receivers[2]; /* on our CPU, and on another */
static envid_t receiver;     /* one of them */

/* What a call is about, and how it is undone. in_steps: an error leaves what earlier steps did. */
struct subject {
    const char *name;
    int (*call)(void);
    void (*undo)(int result);
    bool in_steps;
};

static void unmap_target(int result)
{
    (void)result;
    (void)page_unmap(0, ACROSS, PAGES);
}

static void end_env(int result)
{
    if (result <= 0)
        return;
    (void)env_destroy(result, 0);
    (void)process_wait(result, NULL);
}

static int alloc(void)
{
    return page_alloc(0, ACROSS, PAGES, PERM_RW);
}

static int alloc_few(void)
{
    return page_alloc(0, SHORT, FEW, PERM_RW);
}

static int map(void)
{
    return page_map(0, SOURCE, 0, ACROSS | PERM_RW, PAGES);
}

static int copy(void)
{
    return page_copy(0, SOURCE, 0, ACROSS | PERM_RW, PAGES);
}

static int copy_few(void)
{
    return page_copy(0, SOURCE, 0, SHORT | PERM_RW, FEW);
}

static int copy_onto_itself(void)
{
    return page_copy(0, ACROSS, 0, ACROSS | PERM_RW, 1);
}

static int create_space(void)
{
    return env_create(ENV_NEW_ASPACE, 0, 100, NOTIFY_CHILD);
}

static int create_here(void)
{
    return env_create(0, 0, 0, NOTIFY_CHILD);
}

/* The receiver's window is at ACROSS: its tables and pages are charged to the one who receives, and the sender
 * hears of it. */
static int send_pages(void)
{
    struct ipc_msg msg = {.w = {1}};
    int32_t result;

    ipc_set_pages(SOURCE, PAGES, PERM_RW);
    result = ipc(IPC_OP_CALL | IPC_PAGES, receiver, &msg);
    return result < 0 ? result : 0;
}

/* Here the window is the client's, and the client hears of it. */
static int get_pages(void)
{
    struct ipc_msg msg = {.w = {2}};
    int32_t result;

    ipc_set_window(ACROSS, PAGES);
    result = ipc(IPC_OP_CALL | IPC_WINDOW, receiver, &msg);
    return result < 0 ? result : 0;
}

static const struct subject subjects[] = {
    {"page_alloc", alloc_few, unmap_target, false},
    {"page_alloc_steps", alloc, unmap_target, true},
    {"page_map", map, unmap_target, false},
    {"page_copy", copy_few, unmap_target, false},
    {"page_copy_steps", copy, unmap_target, true},
    {"env_create_space", create_space, end_env, false},
    {"env_create_shared", create_here, end_env, false},
};

static const struct subject messages[] = {
    {"ipc_call", send_pages, unmap_target, false},
    {"ipc_reply", get_pages, unmap_target, false},
};

/* 1: takes pages; 2: gives pages. */
static int serve(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    envid_t client = 0;

    (void)arg;
    ipc_set_pages(SOURCE, PAGES, PERM_RW);
    ipc_set_window(ACROSS, PAGES);
    for (;;) {
        uint32_t flags = msg.w[0] == 2 ? IPC_PAGES : 0;
        int32_t result = ipc(IPC_OP_REPLY_RECV | IPC_WINDOW | flags, client, &msg);

        if (result <= 0)
            return 1;
        client = ipc_sender(result);
    }
}

struct usage {
    struct kernel_counters kernel;
    uint32_t charged;
};

static uint32_t charged_now(void)
{
    struct aspace_usage space = {.frames = 0};

    (void)aspace_info(0, &space);
    return space.frames;
}

static struct usage usage_now(void)
{
    struct usage now = {.charged = charged_now()};

    kernel_info(&now.kernel);
    return now;
}

/* An env that was ended is gone a moment later. */
static bool is_as_before(const struct usage *before)
{
    return test_counts_settle(&before->kernel) && charged_now() == before->charged;
}

/* With the nth allocation failing. False: what happens is wrong. *reached: it made so many. */
static bool call_without(const struct subject *s, uint32_t nth, bool *reached)
{
    struct usage before = usage_now();
    int result;

    (void)debug_fail_frames(nth, 1);
    result = s->call();
    *reached = (uint32_t)debug_fail_frames(0, 0) >= nth;
    if (result >= 0 || s->in_steps)
        s->undo(result); /* otherwise it would take away what should not be there */
    if ((*reached && result != -E_NO_MEM) || (!*reached && result < 0)) {
        printf("# %s, allocation %u: %d\n", s->name, nth, result);
        return false;
    }
    if (!is_as_before(&before)) {
        printf("# %s, allocation %u: something stays\n", s->name, nth);
        return false;
    }
    return debug_check(NULL) == 0;
}

static void check_subject(const struct subject *s, const char *suffix)
{
    char id[64];
    bool good = true;
    bool reached = true;
    uint32_t nth = 0;

    while (good && reached && nth < MANY)
        good = call_without(s, ++nth, &reached);
    snprintf(id, sizeof(id), "inject_%s%s", s->name, suffix);
    CHECK(good && nth > 1 && nth < MANY, id);
}

/* ---- Taken from the queue of senders ---- */

static envid_t us;
static _Atomic uint32_t wanted; /* calls that the sender is to make */
static _Atomic uint32_t begun;
static _Atomic uint32_t ended;
static _Atomic int32_t sent_result;

static int send_when_told(void *arg)
{
    (void)arg;
    ipc_set_pages(SOURCE, PAGES, PERM_RW);
    for (;;) {
        struct ipc_msg msg = {.w = {3}};

        while (atomic_load(&wanted) == atomic_load(&begun))
            sleep_us(100);
        atomic_fetch_add(&begun, 1);
        atomic_store(&sent_result, ipc(IPC_OP_CALL | IPC_PAGES, us, &msg));
        atomic_fetch_add(&ended, 1);
    }
}

static bool sender_waits(envid_t sender)
{
    uint32_t calls = atomic_fetch_add(&wanted, 1) + 1;

    while (atomic_load(&begun) != calls)
        sleep_us(100);
    return test_wait_status(sender, ENV_NOT_RUNNABLE);
}

/* The sender hears of it, and we take nothing and wait for nobody. */
static bool receive_without(envid_t sender, uint32_t nth, bool *reached)
{
    struct usage before = usage_now();
    struct ipc_msg msg = {.w = {0}};
    int32_t result;
    bool good = sender_waits(sender);

    ipc_set_timeouts(0, 0);
    ipc_set_window(ACROSS, PAGES);
    (void)debug_fail_frames(nth, 1);
    result = ipc(IPC_OP_RECV | IPC_WINDOW | IPC_TIMED, 0, &msg);
    *reached = (uint32_t)debug_fail_frames(0, 0) >= nth;
    if (result > 0)
        good = ipc_reply(ipc_sender(result), &msg) == 0 && good;
    while (good && atomic_load(&ended) != atomic_load(&wanted))
        sleep_us(100);
    if (*reached)
        good = good && result == -E_TIMEOUT && atomic_load(&sent_result) == -E_NO_MEM;
    else
        good = good && ipc_sender(result) == sender && ipc_sender(atomic_load(&sent_result)) == us;
    if (!*reached)
        unmap_target(0);
    if (!good)
        printf("# receive, allocation %u: %d, the sender %d\n", nth, result,
               atomic_load(&sent_result));
    return good && is_as_before(&before);
}

static void check_receive(uint32_t cpu, const char *id)
{
    bool good = true;
    bool reached = true;
    uint32_t nth = 0;
    envid_t sender;

    us = env_self();
    atomic_store(&wanted, 0);
    atomic_store(&begun, 0);
    atomic_store(&ended, 0);
    sender = test_thread_start(cpu, send_when_told, NULL);
    good = sender > 0;
    while (good && reached && nth < MANY)
        good = receive_without(sender, ++nth, &reached);
    CHECK(good && nth > 1 && nth < MANY, id);
    thread_kill(sender);
}

/* ---- What needs no frame ---- */

static bool works(bool good, const char *what)
{
    if (!good)
        printf("# %s needs a frame\n", what);
    return good;
}

/* All allocations fail, and all of this works. */
static bool work_without(envid_t thread)
{
    const uintptr_t next = SOURCE + PAGES * PAGE_SIZE;
    struct ipc_msg msg = {.w = {0}};
    struct env_regs regs;
    bool good = true;

    good &= works(page_protect(0, SOURCE, PAGES, PERM_RW) == 0, "page_protect");
    good &= works(page_map(0, SOURCE, 0, next | PERM_RW, 1) == 0, "page_map");
    good &= works(page_unmap(0, next, 1) == 0, "page_unmap");
    good &= works(page_info(0, SOURCE) > 0, "page_info");
    good &= works(notify(0, 1) == 0 && notify_wait(1) == 1, "notify");
    good &= works(ipc_sender(ipc_call(receiver, &msg)) == receiver, "ipc_call");
    good &= works(env_start(thread) == 0, "env_start");
    good &= works(env_stop(thread, ENV_STOP_ABORT) == 0, "env_stop");
    good &= works(env_read_regs(thread, &regs) == 0, "env_read_regs");
    good &= works(env_write_regs(thread, &regs) == 0, "env_write_regs");
    good &= works(env_destroy(thread, 0) == 0, "env_destroy");
    good &= works(process_wait(thread, NULL) == 0, "env_reap");
    sleep_us(100);
    return good;
}

static void check_without_any(void)
{
    envid_t thread = thread_prepare(serve, NULL);
    bool good;

    if (!CHECK_OK(thread, "inject_thread_without"))
        return;
    (void)debug_fail_frames(1, UINT32_MAX);
    good = work_without(thread);
    CHECK_EQ(debug_fail_frames(0, 0), 0, "inject_nothing_asked_for");
    CHECK(good, "inject_works_without_frames");
    (void)thread_join(thread, NULL); /* its stack */
}

/* A copy of a page that others have, too, takes a frame where one is mapped. */
static void check_copy_onto_itself(void)
{
    bool reached;

    if (!CHECK_OK(page_map(0, SOURCE, 0, ACROSS | PERM_RW, 1), "inject_copy_shared"))
        return;
    (void)debug_fail_frames(1, 1);
    CHECK_ERROR(copy_onto_itself(), E_NO_MEM, "inject_copy_onto_itself");
    reached = debug_fail_frames(0, 0) > 0;
    CHECK(reached && PAGE_INFO_REFS(page_info(0, ACROSS)) == 2, "inject_copy_changes_nothing");
    unmap_target(0);
}

/* ---- Late, early, standing still ---- */

#define ROUNDS   30u
#define SLEEP_US 500u

/* Other CPUs are woken, asked to flush, and waited for, and timers fire. */
static bool go_around(uint32_t round)
{
    envid_t thread = test_thread_start(round % test_cpus(), serve, NULL);
    struct ipc_msg msg = {.w = {0}};
    bool good = thread > 0 && ipc_sender(ipc_call(thread, &msg)) == thread;

    good = page_alloc(0, ACROSS, 1, PERM_RW) == 0 && page_unmap(0, ACROSS, 1) == 0 && good;
    if (thread > 0)
        thread_kill(thread);
    return good;
}

/* A timeout is never over too early. */
static bool sleep_long_enough(void)
{
    struct ipc_msg msg = {.w = {0}};
    uint64_t start = time_us();

    ipc_set_timeouts(IPC_NEVER, SLEEP_US);
    while (ipc(IPC_OP_RECV | IPC_CLOSED | IPC_TIMED, 0, &msg) == 0) {} /* an old notification */
    return time_us() - start + 1 >= SLEEP_US;
}

static void check_delay(enum debug_delay kind, uint32_t us_most, const char *id)
{
    bool good = debug_delay(kind, us_most) >= 0;
    int count;

    for (uint32_t i = 0; i < ROUNDS && good; i++)
        good = go_around(i) && sleep_long_enough();
    count = debug_delay(kind, 0);
    CHECK(good && (count > 0 || (kind == DEBUG_DELAY_IPI && test_cpus() == 1)), id);
}

static void check_delays(void)
{
    check_delay(DEBUG_DELAY_IPI, 1000, "inject_ipi_late");
    check_delay(DEBUG_DELAY_LATE, 2000, "inject_timer_late");
    check_delay(DEBUG_DELAY_EARLY, 1000, "inject_timer_early");
    check_delay(DEBUG_DELAY_STALL, 1000, "inject_cpu_stalls");
    CHECK_ERROR(debug_delay(DEBUG_DELAYS, 1), E_INVAL, "inject_delay_unknown");
}

/* Told to by the kernel's command line: it was done, while other programs ran before this one. */
static int look_back(void)
{
    CHECK(debug_delay(DEBUG_DELAY_IPI, 0) > 0, "inject_boot_ipi");
    CHECK(debug_delay(DEBUG_DELAY_LATE, 0) > 0, "inject_boot_late");
    CHECK(debug_delay(DEBUG_DELAY_EARLY, 0) > 0, "inject_boot_early");
    CHECK(debug_delay(DEBUG_DELAY_STALL, 0) > 0, "inject_boot_stall");
    return test_status();
}

static void check_frames(void)
{
    receivers[0] = test_thread_start(0, serve, NULL);
    receivers[1] = test_thread_start(test_cpus() - 1, serve, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        receiver = receivers[i];
        for (uint32_t k = 0; k < sizeof(messages) / sizeof(messages[0]); k++)
            check_subject(&messages[k], i == 0 ? "" : "_cross");
    }
    for (uint32_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
        check_subject(&subjects[i], "");
    check_receive(0, "inject_ipc_receive");
    check_receive(test_cpus() - 1, "inject_ipc_receive_cross");
    check_copy_onto_itself();
    check_without_any();
    for (uint32_t i = 0; i < 2; i++)
        thread_kill(receivers[i]);
}

/*   inject [boot]        boot: what the kernel's command line asked for was done */
int main(int argc, char **argv)
{
    if (debug_check(NULL) == -E_NO_SYS) {
        TEST_SKIP("inject_page_alloc", "the kernel is built without tests");
        return test_status();
    }
    if (argc > 1 && strcmp(argv[1], "boot") == 0)
        return look_back();
    if (!CHECK_OK(page_alloc(0, SOURCE, PAGES, PERM_RW), "inject_source") ||
        !CHECK_OK(test_pin(0, 0), "inject_pin"))
        return test_status();
    check_frames();
    check_delays();
    return test_status();
}
