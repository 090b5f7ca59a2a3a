/* Using up what there is: page tables, queues, CPU time, env slots. Whoever does it gets an error, or waits; others go on, and
 * with its end all is there again (init looks at the counts when the program has ended). Frames: tests/user/memory.c. */
#include <stdio.h>

#include "abi/errors.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE   0x10000000u
#define STRIDE  0x200000u /* what a page table covers */
#define QUOTA   400u
#define SENDERS 200u
#define TAKEN   100u /* of them; the others' line ends */
#define CALLS   100u
#define LOOPS   2u /* on each CPU */
#define TURNS   8u
#define YIELDS  50u
#define BOMBS   3u

#define BIT_GO   0x1u
#define BIT_DONE 0x2u

static struct env_limits limits_of(uint32_t frames)
{
    return (struct env_limits){.syscalls = {0xffffffffu, 0xffffffffu},
                               .send_count = ENV_SEND_ANY,
                               .priority = SCHED_PRIO_DEFAULT,
                               .ports = {{1, 0}, {1, 0}, {1, 0}, {1, 0}},
                               .frames = frames};
}

/* A page in each page table: the tables are charged like pages. */
static int tables_body(void *arg)
{
    struct env_limits limits = limits_of(QUOTA);
    struct aspace_usage usage;
    uint32_t mapped = 0;
    int error = 0;

    (void)arg;
    if (env_set_limits(0, &limits) != 0)
        return 1;
    while (error == 0 && mapped < QUOTA)
        error = page_alloc(0, PLACE + mapped++ * STRIDE, 1, PERM_RW);
    if (error != -E_QUOTA || aspace_info(0, &usage) != 0)
        return 2;
    return usage.frames <= QUOTA && mapped <= QUOTA / 2 ? 0 : 3;
}

static int answer_body(void *arg)
{
    struct ipc_msg msg;
    envid_t client = ipc_recv(&msg);

    (void)arg;
    for (;;) {
        msg.w[0]++;
        client = ipc_reply_recv(client, &msg);
    }
}

static bool is_answered(envid_t server, uint32_t calls)
{
    struct ipc_msg msg = {.w = {0}};
    uint32_t good = 0;

    for (uint32_t i = 0; i < calls; i++)
        good += ipc_call(server, &msg) == server && msg.w[0] == i + 1;
    return good == calls;
}

/* A line of senders: they came one after the other, and are taken in that order. Meanwhile notifications reach the owner of the
 * line, it calls others itself, and others call each other. The line ends with its owner. */
static envid_t owner;
static envid_t tester;
static envid_t server;
static volatile bool owner_is_answered;
static volatile uint32_t in_order;

static int sender_body(void *arg)
{
    struct ipc_msg msg = {.w = {(uint32_t)(uintptr_t)arg}};

    return -ipc_send(owner, &msg);
}

static int owner_body(void *arg)
{
    struct ipc_msg msg;

    (void)arg;
    (void)notify_wait(BIT_GO);
    owner_is_answered = is_answered(server, CALLS);
    for (uint32_t i = 0; i < TAKEN; i++)
        in_order += ipc_recv(&msg) > 0 && msg.w[0] == i;
    (void)!notify(tester, BIT_DONE);
    for (;;)
        (void)notify_wait(BIT_GO);
}

static bool stand_in_line(envid_t *senders)
{
    bool good = true;

    for (uint32_t i = 0; i < SENDERS && good; i++) {
        senders[i] = thread_create(sender_body, (void *)(uintptr_t)i);
        good = senders[i] > 0 && test_wait_status(senders[i], ENV_NOT_RUNNABLE);
    }
    return good;
}

static void check_queue(void)
{
    static envid_t senders[SENDERS];
    uint32_t told = 0;

    tester = env_self();
    server = thread_create(answer_body, NULL);
    owner = thread_create(owner_body, NULL);
    CHECK(stand_in_line(senders), "isolation_exhaust_senders");
    CHECK(is_answered(server, CALLS), "isolation_exhaust_line_does_not_stop_others");
    CHECK_OK(notify(owner, BIT_GO), "isolation_exhaust_line_notify");
    CHECK_EQ(notify_wait_us(BIT_DONE, TEST_PATIENCE_US), BIT_DONE,
             "isolation_exhaust_line_does_not_stop_notifications");
    CHECK(owner_is_answered, "isolation_exhaust_line_does_not_stop_its_owner");
    CHECK_EQ(in_order, TAKEN, "isolation_exhaust_first_come_first_served");
    thread_kill(owner);
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct env_death death = {.cause = 0};

        told += thread_join(senders[i], &death) == 0 && death.cause == ENV_EXITED &&
                death.status == (i < TAKEN ? 0 : E_DEAD);
    }
    CHECK_EQ(told, SENDERS, "isolation_exhaust_line_ends");
    thread_kill(server);
}

/* Loops without end on every CPU: their equal has a turn after each of theirs; what is above runs at once when it is woken, and they
 * stand still as long as it runs. A worker and one above it look at the loops of their CPU. */
struct cpu_time {
    envid_t loops[LOOPS];
    volatile uint32_t steps[LOOPS];
    envid_t worker, above;
    volatile bool is_late; /* `above`: the one who woke it has gone on before it ran */
    volatile uint32_t woken, late, disturbed;
    volatile uint32_t unfair; /* loops that had more or fewer turns than the worker */
};

static int loop_body(void *arg)
{
    volatile uint32_t *steps = arg;

    for (;;)
        ++*steps;
}

static int above_body(void *arg)
{
    struct cpu_time *t = arg;

    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t before = 0;
        uint32_t after = 0;

        (void)notify_wait(BIT_GO);
        t->late += t->is_late;
        for (uint32_t k = 0; k < LOOPS; k++)
            before += t->steps[k];
        for (uint32_t k = 0; k < YIELDS; k++)
            yield();
        for (uint32_t k = 0; k < LOOPS; k++)
            after += t->steps[k];
        t->disturbed += before != after;
        t->woken++;
    }
    return 0;
}

/* Each may have begun a turn more, or not yet. A loop that the one above interrupts is dispatched once more in the same turn: so
 * that one sleeps meanwhile. */
static void count_turns(struct cpu_time *t)
{
    const struct env_public *self = env_record(env_self());
    uint32_t began = self->runs;
    uint32_t before[LOOPS];

    for (uint32_t k = 0; k < LOOPS; k++)
        before[k] = env_record(t->loops[k])->runs;
    for (uint32_t i = 0; i < TURNS; i++)
        yield();
    /* Read first here and above: a dispatch in between here cancels one there. */
    uint32_t own = self->runs - began;
    for (uint32_t k = 0; k < LOOPS; k++)
        t->unfair += env_record(t->loops[k])->runs - before[k] + 1 - own > 2;
}

static int worker_body(void *arg)
{
    struct cpu_time *t = arg;

    (void)notify_wait(BIT_GO);
    count_turns(t);
    for (uint32_t i = 0; i < TURNS; i++) {
        t->is_late = false;
        if (notify(t->above, BIT_GO) != 0)
            return 1;
        t->is_late = true;
        yield();
    }
    return 0;
}

static bool cpu_time_start(struct cpu_time *t, uint32_t cpu)
{
    bool good = true;

    for (uint32_t i = 0; i < LOOPS; i++) {
        t->loops[i] = test_thread_start(cpu, loop_body, (void *)(uintptr_t)&t->steps[i]);
        good = t->loops[i] > 0 && good;
    }
    t->above = thread_prepare(above_body, t);
    good = good && env_set_sched(t->above, SCHED_PRIO_DEFAULT + 1, cpu) == 0 &&
           env_start(t->above) == 0 && test_wait_status(t->above, ENV_NOT_RUNNABLE);
    t->worker = test_thread_start(cpu, worker_body, t);
    return good && t->worker > 0;
}

/* All at once: what is started is for a moment on the CPU that starts it. */
static bool cpu_times_start(struct cpu_time *times)
{
    bool good = true;

    for (uint32_t i = 0; i < test_cpus(); i++)
        good = cpu_time_start(&times[i], i) && good;
    for (uint32_t i = 0; i < test_cpus(); i++)
        good = test_wait_status(times[i].worker, ENV_NOT_RUNNABLE) && good;
    for (uint32_t i = 0; i < test_cpus(); i++)
        good = notify(times[i].worker, BIT_GO) == 0 && good;
    return good;
}

static bool cpu_time_end(struct cpu_time *t)
{
    struct env_death death = {.cause = 0};
    bool good = thread_join(t->worker, &death) == 0 && death.cause == ENV_EXITED &&
                death.status == 0 && thread_join(t->above, NULL) == 0;

    for (uint32_t i = 0; i < LOOPS; i++)
        thread_kill(t->loops[i]);
    return good;
}

static void check_cpu_time(void)
{
    static struct cpu_time times[GRAIN_MAX_CPUS];
    bool ended = true;
    uint32_t unfair = 0;
    uint32_t woken = 0;
    uint32_t late = 0;
    uint32_t disturbed = 0;

    if (!CHECK(cpu_times_start(times), "isolation_exhaust_loops"))
        return;
    for (uint32_t i = 0; i < test_cpus(); i++) {
        ended = cpu_time_end(&times[i]) && ended;
        unfair += times[i].unfair;
        woken += times[i].woken;
        late += times[i].late;
        disturbed += times[i].disturbed;
    }
    CHECK(ended, "isolation_exhaust_equal_gets_its_turn");
    CHECK_EQ(unfair, 0, "isolation_exhaust_equals_take_turns");
    CHECK_EQ(woken, test_cpus() * TURNS, "isolation_exhaust_above_is_woken");
    CHECK_EQ(late, 0, "isolation_exhaust_above_runs_at_once");
    CHECK_EQ(disturbed, 0, "isolation_exhaust_above_is_not_disturbed");
}

/* Each copy makes more of itself until there are no slots; it may end only what is its own. */
static int bomb_body(void *arg)
{
    uint32_t failed = 0;

    (void)arg;
    while (failed < 3) {
        envid_t child = env_create_copy(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

        failed += child < 0;
        if (child >= 0)
            failed = 0;
    }
    for (;;)
        yield();
}

static void check_slots(void)
{
    envid_t bombs[BOMBS];

    server = thread_create(answer_body, NULL);
    for (uint32_t i = 0; i < BOMBS; i++)
        bombs[i] = test_child_start(bomb_body, NULL); /* the first may leave none for the others */
    CHECK(server > 0 && bombs[0] > 0, "isolation_exhaust_bomb");
    while (env_create(0, 0, 0, 0) != -E_NO_FREE_ENV)
        yield(); /* what we get ourselves goes the same way */
    CHECK(is_answered(server, CALLS), "isolation_exhaust_slots_others_go_on");
    for (uint32_t i = 0; i < BOMBS; i++)
        process_kill(bombs[i]);
    thread_kill(server);
    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->controller == env_self() && record->status != ENV_FREE)
            (void)!env_set_controller(record->id, env_self(), NOTIFY_CHILD);
    }
    while (test_end_controlled() != 0) {}
    envid_t again = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    CHECK_OK(again, "isolation_exhaust_slots_again");
    process_kill(again);
}

int main(void)
{
    CHECK_CHILD(tables_body, NULL, "isolation_exhaust_page_tables");
    check_queue();
    check_cpu_time();
    check_slots();
    return test_status();
}
