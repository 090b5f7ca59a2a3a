/* See gang.h. */
#include "tests/bench/gang.h"

#include <stdio.h>
#include <string.h>

#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/bench/bench.h"
#include "tests/bench/emit.h"
#include "tests/bench/locks.h"

/* From the first "go" to the beginning of the time that counts. */
#define LEAD_TICKS        200000u
#define LEAD_WORKER_TICKS 50000u

#define FIXED_POINT 1024u

/* Quantiles of the exponential distribution with mean 1, times FIXED_POINT: -ln(1 - (i + 1/2) / 64), scaled so
 * that their mean is exact. No floating point in programs. */
static const uint16_t exponential[GANG_QUANTILES] = {
    8,    24,   41,   58,   75,   92,   111,  129,  147,  166,  185,  204,  224,  244,  264,  286,
    307,  329,  351,  374,  397,  421,  446,  472,  497,  523,  550,  578,  606,  636,  667,  698,
    730,  763,  797,  832,  870,  908,  947,  988,  1032, 1076, 1123, 1172, 1224, 1278, 1335, 1396,
    1460, 1528, 1603, 1681, 1768, 1861, 1964, 2078, 2207, 2355, 2527, 2734, 2992, 3338, 3865, 4994,
};

static struct gang *const shared = (struct gang *)GANG_SHARED;

static struct {
    envid_t id;
    bool is_thread;
} started[GANG_MAX];
static envid_t master;

/* ---- The worker. ---- */

/* xorshift32; the state is never 0. */
uint32_t gang_random(struct gang_worker *me)
{
    uint32_t x = me->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    me->random = x;
    return x;
}

/* Think times to come: each quantile once, in random order; then all of them again, in another order. Independent draws
 * would let some workers think a good deal longer than others in any window that is not very long, and what is to
 * be measured would drown in that. */
struct deck {
    uint8_t order[GANG_QUANTILES];
    uint32_t next;
};

/* Fisher and Yates. */
static void deck_shuffle(struct deck *deck, struct gang_worker *me)
{
    for (uint32_t i = 0; i < GANG_QUANTILES; i++) {
        uint32_t other = gang_random(me) % (i + 1);

        deck->order[i] = deck->order[other];
        deck->order[other] = (uint8_t)i;
    }
    deck->next = 0;
}

/* Until `limit` at most. */
static void think(struct gang_worker *me, struct deck *deck, uint64_t limit)
{
    if (me->think == 0)
        return;
    uint64_t end = time_ticks();

    if (deck->next == GANG_QUANTILES)
        deck_shuffle(deck, me);
    end += (uint64_t)me->think * exponential[deck->order[deck->next++]] / FIXED_POINT;
    if (end > limit)
        end = limit;
    while (time_ticks() < end) {}
}

void gang_work(struct gang *gang, struct gang_worker *me, gang_operation *operation)
{
    struct deck deck = {.next = GANG_QUANTILES};

    while (time_ticks() < gang->begin) {
        think(me, &deck, gang->begin);
        operation(me);
    }
    deck.next = GANG_QUANTILES; /* the window begins with a new one */
    for (;;) {
        think(me, &deck, gang->end);
        uint64_t began = time_ticks();
        if (began >= gang->end)
            return;
        operation(me);
        uint32_t waited = (uint32_t)(time_ticks() - began);
        me->ops++;
        if (waited > me->max_wait)
            me->max_wait = waited;
    }
}

struct start {
    uint32_t index;
    gang_operation *operation;
};

static int worker_main(void *arg)
{
    const struct start start = *(const struct start *)arg;
    struct ipc_msg msg;

    if (ipc_recv_from(master, &msg) != master)
        return 1;
    gang_work(shared, &shared->workers[start.index], start.operation);
    /* It stays until gang_end(): an end before that is a failure. */
    if (notify(master, 1u << start.index) == 0)
        (void)ipc_recv_from(0, &msg);
    return 1;
}

/* ---- The master. ---- */

void gang_init(struct gang *gang, uint32_t ticks)
{
    for (uint32_t i = 0; i < GANG_MAX; i++) {
        gang->workers[i] = (struct gang_worker){.think = ticks, .random = i + 1, .cpu = i};
        for (uint32_t j = 0; j < 16; j++) /* small seeds start with small numbers */
            (void)gang_random(&gang->workers[i]);
    }
}

bool gang_prepare(uint32_t ticks)
{
    memset(started, 0, sizeof(started));
    master = env_self();
    if (page_alloc(0, GANG_SHARED, 1, PERM_RW) != 0)
        return false;
    gang_init(shared, ticks);
    return true;
}

static struct start starts[GANG_MAX];

bool gang_start_child(uint32_t index, uint32_t cpu, gang_operation *operation)
{
    starts[index] = (struct start){index, operation};
    envid_t id = bench_child(cpu, worker_main, &starts[index]);

    if (id < 0)
        return false;
    started[index].id = id;
    /* In place of the copy; the child waits for gang_run() before it looks. */
    return page_map(0, GANG_SHARED, id, GANG_SHARED | PERM_RW, 1) == 0;
}

bool gang_start_thread(uint32_t index, uint32_t cpu, gang_operation *operation)
{
    starts[index] = (struct start){index, operation};
    started[index].is_thread = true;
    started[index].id = bench_thread(cpu, worker_main, &starts[index]);
    return started[index].id > 0;
}

envid_t gang_id(uint32_t index)
{
    return started[index].id;
}

void gang_report(const char *name, const struct gang *gang, uint32_t count)
{
    uint64_t ops[GANG_MAX];
    uint64_t waits[GANG_MAX];

    for (uint32_t i = 0; i < count; i++) {
        ops[i] = gang->workers[i].ops;
        waits[i] = gang->workers[i].max_wait;
    }
    emit_begin();
    emit_text("bench", name);
    emit_number("cpus", sysinfo()->ncpus);
    emit_number("workers", count);
    emit_number("think", gang->workers[0].think);
    emit_number("window", gang->end - gang->begin);
    emit_list("ops", ops, count);
    emit_list("max_wait", waits, count);
    emit_end();
}

static bool all_live(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct env_public *record = env_record(started[i].id);

        if (record->id != started[i].id || record->status == ENV_DEAD)
            return false;
    }
    return true;
}

void gang_run(const char *name, uint32_t count, uint64_t window)
{
    struct ipc_msg go = {.w = {0}};
    uint32_t missing = (1u << count) - 1;

    locks_begin();
    shared->begin = time_ticks() + LEAD_TICKS + (uint64_t)count * LEAD_WORKER_TICKS;
    shared->end = shared->begin + window;
    /* The one that shares our CPU last: from then on we have it only when a slice is over, and who had not been told
     * by then would begin late. */
    for (uint32_t i = count; i-- > 0;) {
        if (ipc_send(started[i].id, &go) != 0)
            bench_fail("a worker is not there");
    }
    while (missing != 0) {
        uint32_t bits = notify_wait(missing | NOTIFY_CHILD);

        missing &= ~bits;
        if ((bits & NOTIFY_CHILD) != 0 && !all_live(count))
            bench_fail("a worker has ended");
    }
    gang_report(name, shared, count);
    locks_report(name);
}

void gang_end(void)
{
    for (uint32_t i = 0; i < GANG_MAX; i++) {
        if (started[i].id > 0 && started[i].is_thread)
            thread_kill(started[i].id);
        else if (started[i].id > 0)
            bench_stop(started[i].id);
    }
    if (page_unmap(0, GANG_SHARED, 1) != 0)
        bench_fail("unmap failed");
}
