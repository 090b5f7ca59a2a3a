/* Random system calls: groups of envs, a group an address space, on all CPUs at once. Each group has a leader, which
 * shrinks what the group may do, starts threads that make calls (grammar.h), and aborts, ends and replaces them;
 * this program starts the leaders, ends them, and then whatever they have left behind. Meanwhile a
 * witness looks at memory of its own. At the end of each round as many frames, envs and spaces are free as before.
 *
 *   fuzz_calls [seed=N] [rounds=N] [calls=N]      calls of each thread
 */
#include <stdio.h>
#include <stdlib.h>

#include "abi/errors.h"
#include "grain/debug.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/fuzz/grammar.h"
#include "tests/user/test.h"

#define GROUPS_MAX     9u
#define THREADS        3u
#define LEADER_TURNS   80u
#define VICTIMS_ENDED  6u
#define TALLY          0x4f000000u /* in groups */
#define OUR_TALLY      (TALLY + PAGE_SIZE)
#define GROUP_TURNS    2000u /* a millisecond each, at most */
#define WITNESS_STATUS 77u
#define VICTIM_QUOTA   40u
#define WITNESSED      8u
#define PRIORITY       (SCHED_PRIO_DEFAULT + 2) /* above all that the groups may have */

/* Shared with all groups: what was called, and how often without an error. */
struct tally {
    uint32_t made[SYS_MAX];
    uint32_t good[SYS_MAX];
};
_Static_assert(sizeof(struct tally) <= PAGE_SIZE, "a page");

static struct {
    uint32_t seed;
    uint32_t calls;
    uint32_t group;
} order;

static envid_t handles[FUZZ_HANDLES];

static struct tally *tally(void)
{
    return (struct tally *)TALLY;
}

/* ---- In a group. ---- */

static void make_victim(struct fuzz *f)
{
    struct env_regs regs;
    bool own_space = fuzz_one_in(f, 2);
    envid_t id =
        env_create(own_space ? ENV_NEW_ASPACE : 0, 0, own_space ? VICTIM_QUOTA : 0, NOTIFY_CHILD);

    if (id < 0)
        return;
    fuzz_keep(f, id);
    fuzz_registers(f, &regs);
    if (own_space) {
        (void)!page_map(0, (uintptr_t)fuzz_code, id, (uintptr_t)fuzz_code | PERM_RX, 1);
        (void)!page_map(0, FUZZ_ARENA, id, FUZZ_ARENA | PERM_R, 1);
    }
    if (fuzz_one_in(f, 2))
        (void)!env_set_pager(id, fuzz_env(f));
    (void)!env_write_regs(id, &regs);
    (void)!env_start(id);
}

static int thread_body(void *arg)
{
    struct fuzz f = {.random = (uint32_t)(uintptr_t)arg, .handles = handles};
    struct fuzz_call call;

    for (uint32_t i = 0; i < order.calls; i++) {
        fuzz_make(&f, &call);
        int32_t result = fuzz_do(&call);

        __atomic_fetch_add(&tally()->made[call.number], 1, __ATOMIC_RELAXED);
        if (result >= 0)
            __atomic_fetch_add(&tally()->good[call.number], 1, __ATOMIC_RELAXED);
        if (call.number == SYS_env_create)
            fuzz_keep(&f, result);
        if (fuzz_one_in(&f, 32))
            make_victim(&f);
    }
    return 0;
}

static envid_t thread_new(struct fuzz *f)
{
    return thread_create(thread_body, (void *)(uintptr_t)rand_r(&f->random));
}

/* Harmless ports, no console; some groups have fewer calls, partners or frames than others. */
static int shrink(struct fuzz *f)
{
    struct env_limits limits = {
        .syscalls = {0xffffffffu, 0xffffffffu},
        .send_count = ENV_SEND_ANY,
        .ports = {{0x70, 0x71}, {0x80, 0x80}, {1, 0}, {1, 0}},
        .irqs = 1u << 8 | 1u << 4,
        .priority = SCHED_PRIO_DEFAULT,
        .frames = 300 + fuzz_below(f, 3000),
    };
    int result = env_set_sched(0, SCHED_PRIO_DEFAULT, SCHED_ANY_CPU);

    if (fuzz_one_in(f, 4))
        limits.syscalls[0] &= ~(1u << (2 + fuzz_below(f, 3)) | 1u << (9 + fuzz_below(f, 20)));
    if (fuzz_one_in(f, 4)) {
        limits.send_count = ENV_SEND_LIST;
        limits.send_to[0] = env_self();
        for (uint32_t i = 1; i < ENV_SEND_LIST; i++)
            limits.send_to[i] = env_record((envid_t)fuzz_below(f, 40))->id;
    }
    return result < 0 ? result : env_set_limits(0, &limits);
}

/* Has time pass, and does something to one of the threads, which may be anything by now. */
static void disturb(struct fuzz *f, envid_t *threads)
{
    envid_t *id = &threads[fuzz_below(f, THREADS)];

    sleep_us(100 + fuzz_below(f, 900));
    /* Or those that run on would soon have all of the CPUs. */
    for (uint32_t i = 0; i < VICTIMS_ENDED; i++)
        (void)!env_destroy(handles[fuzz_below(f, FUZZ_HANDLES)], 2);
    switch (fuzz_below(f, 4)) {
    case 0:
        (void)!env_destroy(*id, 1);
        if (env_reap(*id, NULL) != -E_BUSY)
            *id = thread_new(f);
        return;
    case 1:
        (void)!env_set_sched(*id, SCHED_PRIO_DEFAULT, fuzz_below(f, test_cpus()));
        return;
    default:
        (void)!env_stop(*id, ENV_STOP_ABORT);
        (void)!env_start(*id);
        return;
    }
}

static bool all_ended(const envid_t *threads)
{
    bool ended = true;

    for (uint32_t i = 0; i < THREADS; i++) {
        uint32_t status = env_record(threads[i])->status;

        ended = ended &&
                (threads[i] <= 0 || env_record(threads[i])->id != threads[i] || status == ENV_DEAD);
    }
    return ended;
}

static int leader_body(void *arg)
{
    struct fuzz f = {.random = order.seed + order.group * 7919 + 1, .handles = handles};
    envid_t threads[THREADS];

    (void)arg;
    while (page_perm(TALLY) == 0)
        yield();
    for (uint32_t i = 0; i < FUZZ_HANDLES; i++)
        handles[i] = (envid_t)fuzz_word(&f);
    if (shrink(&f) < 0)
        return 1;
    for (uint32_t i = 0; i < THREADS; i++)
        threads[i] = thread_new(&f);
    for (uint32_t i = 0; i < LEADER_TURNS && !all_ended(threads); i++)
        disturb(&f, threads);
    return 0;
}

/* ---- Outside. ---- */

static volatile uint32_t witnessed[WITNESSED * PAGE_SIZE / 4];

/* Ends only if something has changed that it alone may change. */
static int witness_body(void *arg)
{
    uint32_t words = sizeof(witnessed) / 4;

    (void)arg;
    for (uint32_t turn = 1;; turn++) {
        for (uint32_t i = 0; i < words; i++)
            witnessed[i] = i * turn;
        sleep_us(500);
        for (uint32_t i = 0; i < words; i++) {
            if (witnessed[i] != i * turn)
                return 1;
        }
    }
}

/* Its notification may be any bit, or none: it is looked at again and again. */
static void kill_any(envid_t id)
{
    (void)!env_destroy(id, 0);
    while (env_reap(id, NULL) == -E_BUSY)
        (void)notify_wait_us(NOTIFY_CHILD, 200);
}

static bool is_ours(const struct env_public *record, envid_t spared)
{
    envid_t id = record->id;

    return record->controller == env_self() && id != env_self() && id != spared &&
           record->status != ENV_FREE;
}

/* What groups leave behind comes to us: threads and children of leaders, and what they were handed. All are told
 * before any is waited for. */
static uint32_t kill_ours_but(envid_t spared)
{
    uint32_t found = 0;

    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        if (is_ours(env_record(i), spared))
            (void)!env_destroy(env_record(i)->id, 0);
    }
    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        if (is_ours(env_record(i), spared)) {
            kill_any(env_record(i)->id);
            found++;
        }
    }
    return found;
}

static envid_t group_start(uint32_t seed, uint32_t group)
{
    order.seed = seed;
    order.group = group;
    envid_t id = test_child_start(leader_body, NULL);

    if (id > 0)
        (void)!page_map(0, OUR_TALLY, id, TALLY | PERM_RW, 1);
    return id;
}

/* A leader may have been stopped or blocked for ever by its own threads. */
static void group_end(envid_t leader, uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++) {
        if (env_reap(leader, NULL) != -E_BUSY)
            return;
        sleep_us(1000);
    }
    kill_any(leader);
}

/* Every structure of the kernel, in kernels that can look at it. */
static bool check_kernel(void)
{
    struct debug_report report = {.first = ""};

    if (debug_check(&report) != -E_FAULT)
        return true;
    printf("# %u violations, the first: %s\n", report.violations, report.first);
    return false;
}

/* Some are ended before their time. With all envs or frames in the hands of groups there are fewer of them. */
static bool run_groups(struct fuzz *f)
{
    bool good = true;
    uint32_t count = test_cpus() + 1 < GROUPS_MAX ? test_cpus() + 1 : GROUPS_MAX;
    envid_t leaders[GROUPS_MAX];

    for (uint32_t i = 0; i < count; i++)
        leaders[i] = group_start(rand_r(&f->random), i);
    for (uint32_t i = 0; i < count; i++) {
        group_end(leaders[i], fuzz_one_in(f, 4) ? fuzz_below(f, 20) : GROUP_TURNS);
        good = good && check_kernel();
    }
    return good;
}

static void print_left(void)
{
    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->status != ENV_FREE)
            printf("# left: %08x, status %u, controller %08x, space %u\n", record->id,
                   record->status, record->controller, record->aspace);
    }
}

/* Threads and children of the witness would be the groups': it has none of its own, and is ended last. */
static bool run_round(struct fuzz *f)
{
    struct env_death death = {.cause = 0};
    struct kernel_counters before;

    kernel_info(&before);
    envid_t witness = test_child_start(witness_body, NULL);
    if (witness < 0)
        return false;
    bool good = run_groups(f);
    while (kill_ours_but(witness) != 0) {}
    int result = env_destroy(witness, WITNESS_STATUS);
    if (process_wait(witness, &death) != 0 || result != 0 || death.cause != ENV_KILLED ||
        death.status != WITNESS_STATUS)
        printf("# the witness ended by itself, %d\n", result);
    else
        witness = 0;
    while (kill_ours_but(0) != 0) {}
    bool settled = test_counts_settle(&before);
    if (!settled)
        print_left();
    return settled && check_kernel() && witness == 0 && good;
}

/* Every call was made; which never succeeded is for people to look at. */
static void check_tally(uint32_t seed)
{
    const struct tally *sum = (const struct tally *)OUR_TALLY;
    uint32_t made = 0;
    uint32_t good = 0;
    bool all = true;

    for (uint32_t i = 0; i < SYS_MAX; i++) {
        made += sum->made[i];
        good += sum->good[i];
        all = all && sum->made[i] != 0;
        if (sum->good[i] == 0)
            printf("# %s never succeeded\n", fuzz_name(i));
    }
    printf("# seed %u: %u calls returned, %u without an error\n", seed, made, good);
    CHECK(all, "fuzz_calls_all");
}

int main(int argc, char **argv)
{
    static bool has_begun;
    uint32_t seed = test_option(argc, argv, "seed", 1);
    uint32_t rounds = test_option(argc, argv, "rounds", 1);
    struct fuzz f = {.random = seed * 2654435761u, .handles = handles};
    bool good = true;

    if (has_begun) /* an env of a group, set to the program's first instruction */
        return 0;
    has_begun = true;
    order.calls = test_option(argc, argv, "calls", 400);
    if (!CHECK_OK(page_alloc(0, OUR_TALLY, 1, PERM_RW), "fuzz_calls_tally") ||
        !CHECK_OK(env_set_sched(0, PRIORITY, SCHED_ANY_CPU), "fuzz_calls_priority"))
        return test_status();
    for (uint32_t i = 0; i < rounds && good; i++)
        good = run_round(&f);
    CHECK(good, "fuzz_calls_nothing_lost");
    check_tally(seed);
    return test_status();
}
