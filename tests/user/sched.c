/* The scheduler: round robin, strict priorities, pinning, moving, idle CPUs. */
#include "abi/errors.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define HIGH (SCHED_PRIO_DEFAULT + 2)
#define LOW  (SCHED_PRIO_DEFAULT - 1)

#define YIELDS      300u
#define THREADS_MAX 8u
#define STEPS       1000u
#define BIT_GO      0x1u
#define HIGH_US     30000u /* some slices */

static volatile uint32_t counts[THREADS_MAX];
static volatile uint32_t stop;

static void check_errors(void)
{
    CHECK_ERROR(env_set_sched(0, SCHED_PRIORITIES, 0), E_INVAL, "sched_priority_8");
    CHECK_ERROR(env_set_sched(0, 0xffffffffu, 0), E_INVAL, "sched_priority_max");
    CHECK_ERROR(env_set_sched(0, 3, test_cpus()), E_INVAL, "sched_no_such_cpu");
    CHECK_ERROR(env_set_sched(0, 3, 0xfffffffeu), E_INVAL, "sched_cpu_max");
    CHECK_ERROR(env_set_sched(-1, 3, 0), E_BAD_ENV, "sched_bad_id");
}

static int spin(void *arg)
{
    volatile uint32_t *count = arg;

    while (!stop)
        ++*count;
    return 0;
}

static envid_t start_spinner(uint32_t index, uint32_t priority, uint32_t cpu)
{
    counts[index] = 0;
    envid_t id = thread_prepare(spin, (void *)(uintptr_t)&counts[index]);

    if (id > 0 && (env_set_sched(id, priority, cpu) != 0 || env_start(id) != 0))
        return -E_INVAL;
    return id;
}

static bool wait_for_steps(uint32_t index)
{
    uint32_t before = counts[index];
    uint64_t end = time_us() + TEST_PATIENCE_US;

    while (counts[index] - before < STEPS && time_us() < end)
        yield();
    return counts[index] - before >= STEPS;
}

/* The same without a CPU of one's own: blocked in between. */
static bool wait_blocked_for_steps(uint32_t index)
{
    uint32_t before = counts[index];

    for (uint32_t i = 0; i < TEST_PATIENCE_MS && counts[index] - before < STEPS; i++)
        sleep_us(1000);
    return counts[index] - before >= STEPS;
}

/* Equals take turns: when the first is done, the others have done about as much. */
static uint32_t turns[3];
static uint32_t arrived;
static uint32_t behind;

static int take_turns(void *arg)
{
    uint32_t *own = arg;

    /* One that was made on another CPU comes here by way of that. */
    __atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&arrived, __ATOMIC_RELAXED) < 3)
        yield();
    for (uint32_t i = 0; i < YIELDS; i++) {
        __atomic_fetch_add(own, 1, __ATOMIC_RELAXED);
        yield();
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (__atomic_load_n(&turns[i], __ATOMIC_RELAXED) < YIELDS / 2)
            behind++;
    }
    return 0;
}

static void check_round_robin(void)
{
    envid_t ids[3];
    bool good = true;

    for (uint32_t i = 0; i < 3; i++) {
        ids[i] = thread_prepare(take_turns, &turns[i]);
        good = ids[i] > 0 && test_pin(ids[i], 0) == 0 && good;
    }
    for (uint32_t i = 0; i < 3; i++)
        good = good && env_start(ids[i]) == 0;
    for (uint32_t i = 0; i < 3; i++)
        good = good && thread_join(ids[i], NULL) == 0;
    CHECK(good, "sched_turns_end");
    CHECK_EQ(behind, 0, "sched_turns_even");
}

/* Spinners that never give way share their CPU by slices. */
static void check_preemption(void)
{
    stop = 0;
    CHECK_OK(test_pin(0, test_cpus() - 1), "sched_preempt_pin");
    envid_t a = start_spinner(0, SCHED_PRIO_DEFAULT, 0);
    envid_t b = start_spinner(1, SCHED_PRIO_DEFAULT, 0);
    bool good = true;

    for (uint32_t i = 0; i < 3; i++)
        good = wait_for_steps(0) && wait_for_steps(1) && good;
    CHECK(good, "sched_preempts_spinners");
    stop = 1;
    CHECK(thread_join(a, NULL) == 0 && thread_join(b, NULL) == 0, "sched_preempt_end");
}

/* While one of higher priority computes, one of lower priority on its CPU gets nothing. */
static int high_body(void *arg)
{
    volatile uint32_t *low = arg;

    if (notify_wait(BIT_GO) != BIT_GO)
        return 1;
    uint32_t before = *low;
    uint64_t end = time_us() + HIGH_US;
    while (time_us() < end)
        yield();
    return *low == before ? 0 : 2;
}

static void check_strict(void)
{
    struct env_death death = {.cause = 0};

    stop = 0;
    envid_t high = thread_prepare(high_body, (void *)(uintptr_t)&counts[0]);
    bool good = env_set_sched(high, HIGH, 0) == 0 && env_start(high) == 0;
    envid_t low = start_spinner(0, LOW, 0);
    good = good && wait_blocked_for_steps(0);
    CHECK(good, "sched_strict_start");
    CHECK_OK(notify(high, BIT_GO), "sched_strict_go");
    CHECK_OK(thread_join(high, &death), "sched_strict_high");
    CHECK_EQ(death.status, 0, "sched_strict");
    stop = 1;
    CHECK_OK(thread_join(low, NULL), "sched_strict_low");
}

static bool runs_on(envid_t id, uint32_t cpu)
{
    for (uint32_t i = 0; i < TEST_PATIENCE_MS && env_record(id)->cpu != cpu; i++)
        sleep_us(1000);
    return env_record(id)->cpu == cpu;
}

static void check_pin_self(void)
{
    bool good = true;

    for (uint32_t cpu = 0; cpu < test_cpus(); cpu++)
        good = test_pin(0, cpu) == 0 && env_record(env_self())->cpu == cpu && good;
    CHECK(good, "sched_pin_self");
    CHECK_OK(test_pin(0, SCHED_ANY_CPU), "sched_unpin_self");
}

/* A running env goes where it is sent, and goes on there. */
static void check_move_running(void)
{
    bool good = true;

    stop = 0;
    envid_t id = start_spinner(0, SCHED_PRIO_DEFAULT, 0);
    for (uint32_t i = 0; i < 4 * test_cpus(); i++) {
        uint32_t cpu = (i + 1) % test_cpus();

        good = good && test_pin(id, cpu) == 0 && runs_on(id, cpu) && wait_blocked_for_steps(0);
    }
    CHECK(good, "sched_move_running");
    stop = 1;
    CHECK_OK(thread_join(id, NULL), "sched_move_running_end");
}

/* One that is ready behind another of higher priority runs when it is moved away. */
static void check_move_ready(void)
{
    stop = 0;
    envid_t high = start_spinner(0, SCHED_PRIO_DEFAULT, 0);
    envid_t low = start_spinner(1, LOW, 0);
    bool good = wait_blocked_for_steps(0) && counts[1] == 0;

    CHECK(good, "sched_ready_waits");
    CHECK_OK(env_set_sched(low, LOW, 1), "sched_move_ready_call");
    CHECK(wait_blocked_for_steps(1) && env_record(low)->cpu == 1, "sched_move_ready");
    CHECK_OK(env_set_sched(low, LOW, 0), "sched_move_back");
    CHECK_OK(env_set_sched(low, HIGH, 0), "sched_raise_ready_call");
    CHECK(wait_blocked_for_steps(1), "sched_raise_ready");
    stop = 1;
    CHECK(thread_join(high, NULL) == 0 && thread_join(low, NULL) == 0, "sched_move_ready_end");
}

static int say_cpu(void *arg)
{
    (void)arg;
    return notify_wait(BIT_GO) == BIT_GO ? (int)env_record(env_self())->cpu : -1;
}

static void check_move_blocked(void)
{
    bool good = true;

    for (uint32_t cpu = 0; cpu < test_cpus(); cpu++) {
        struct env_death death = {.cause = 0};
        envid_t id = test_thread_start(test_cpus() - 1 - cpu, say_cpu, NULL);

        good = good && test_wait_status(id, ENV_NOT_RUNNABLE) && test_pin(id, cpu) == 0 &&
               notify(id, BIT_GO) == 0 && thread_join(id, &death) == 0 && death.status == cpu;
    }
    CHECK(good, "sched_move_blocked");
}

/* As many spinners as CPUs, from one CPU: each gets one of its own. */
static void check_spread(void)
{
    envid_t ids[THREADS_MAX];
    uint32_t count = test_cpus() < THREADS_MAX ? test_cpus() : THREADS_MAX;
    uint32_t used = 0;

    stop = 0;
    for (uint32_t i = 0; i < count; i++)
        ids[i] = start_spinner(i, SCHED_PRIO_DEFAULT, SCHED_ANY_CPU);
    for (uint32_t tries = 0; tries < TEST_PATIENCE_MS; tries++) {
        used = 0;
        for (uint32_t i = 0; i < count; i++)
            used |= 1u << env_record(ids[i])->cpu;
        if (used == (1u << count) - 1)
            break;
        sleep_us(1000);
    }
    CHECK_EQ(used, (1u << count) - 1, "sched_spreads");
    stop = 1;
    for (uint32_t i = 0; i < count; i++)
        (void)thread_join(ids[i], NULL);
}

/* Of low priority, behind one that never ends: when another CPU gets idle, it goes there. */
static void check_low_reaches_idle(void)
{
    CHECK_OK(env_set_sched(0, HIGH, 1), "sched_low_idle_pin");
    stop = 0;
    envid_t high = start_spinner(0, HIGH, 0);
    CHECK(wait_for_steps(0), "sched_low_idle_busy");
    envid_t low = start_spinner(1, LOW, 0);
    CHECK_OK(env_set_sched(low, LOW, SCHED_ANY_CPU), "sched_low_idle_free");
    /* This CPU gets idle. */
    CHECK(wait_blocked_for_steps(1), "sched_low_reaches_idle");
    stop = 1;
    CHECK(thread_join(high, NULL) == 0 && thread_join(low, NULL) == 0, "sched_low_idle_end");
    CHECK_OK(test_pin(0, SCHED_ANY_CPU), "sched_low_idle_unpin");
}

/* Whoever runs is charged, whoever waits is not, and the sum is not more than there was. */
static void check_time(void)
{
    CHECK_OK(env_set_sched(0, HIGH, 0), "sched_time_pin");
    stop = 0;
    uint64_t began = time_us();
    sleep_us(1000); /* this CPU halts: what was before is somebody's already */
    envid_t busy = start_spinner(0, SCHED_PRIO_DEFAULT, 0);
    envid_t waiting = thread_prepare(say_cpu, NULL);
    CHECK(busy > 0 && waiting > 0 && env_start(waiting) == 0, "sched_time_start");
    for (uint32_t tries = 0; tries < TEST_PATIENCE_MS && env_record(busy)->time_us < HIGH_US;
         tries++)
        sleep_us(1000);
    uint32_t used = env_record(busy)->time_us;
    CHECK(used >= HIGH_US, "sched_time_busy");
    CHECK(used <= time_us() - began, "sched_time_not_more");
    CHECK(env_record(waiting)->time_us < used / 2, "sched_time_waiting");
    stop = 1;
    CHECK_OK(notify(waiting, BIT_GO), "sched_time_go");
    CHECK(thread_join(busy, NULL) == 0 && thread_join(waiting, NULL) == 0, "sched_time_end");
    CHECK_OK(test_pin(0, SCHED_ANY_CPU), "sched_time_unpin");
}

int main(void)
{
    check_errors();
    check_time();
    check_round_robin();
    check_preemption();
    CHECK_OK(env_set_sched(0, HIGH + 1, SCHED_ANY_CPU), "sched_main_above");
    check_strict();
    check_pin_self();
    CHECK_OK(env_set_sched(0, HIGH + 1, SCHED_ANY_CPU), "sched_main_above_again");
    check_move_running();
    if (test_cpus() > 1) {
        check_move_ready();
        check_low_reaches_idle();
    }
    check_move_blocked();
    check_spread();
    return test_status();
}
