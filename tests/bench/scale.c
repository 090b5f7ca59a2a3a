/* Workloads for several CPUs: pairs that share nothing, clients of one server, page faults and shootdowns in one
 * address space, senders with favourites, a flood. Worker i is on CPU i.
 *
 * Arguments: only=NAME[,NAME...]; window=TICKS how long each runs.
 */
#include <stdio.h>
#include <string.h>

#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/bench/bench.h"
#include "tests/bench/emit.h"
#include "tests/bench/gang.h"
#include "tests/bench/locks.h"
#include "tests/user/upcall.h"

#define WINDOW_TICKS 2000000u
#define ZIPF_UNIT    840u /* divisible by 1 to 8 */
#define THINK_DECKS  16u  /* the window is so many times GANG_QUANTILES think times, at least */

struct workload {
    const char *name;
    uint32_t think;
    bool (*start)(uint32_t count); /* servers and workers */
    void (*end)(uint32_t count);   /* what `start` took beyond them; NULL: nothing */
};

static envid_t servers[GANG_MAX];

/* ---- Servers. ---- */

/* From the first message on. */
static int echo_from(int32_t result, struct ipc_msg *msg)
{
    while (result > 0)
        result = ipc_reply_recv(ipc_sender(result), msg);
    return 1;
}

static int echo(void *arg)
{
    struct ipc_msg msg = {.w = {0}};

    (void)arg;
    return echo_from(ipc_recv(&msg), &msg);
}

/* One more env that serves the mailbox of the server's first. */
static int echo_attached(void *arg)
{
    const envid_t *first = arg;

    return env_attach(*first) == 0 ? echo(NULL) : 1;
}

static int echo_on_all(void *arg)
{
    static envid_t first;

    first = env_self();
    for (uint32_t cpu = 1; cpu < sysinfo()->ncpus; cpu++) {
        if (bench_thread(cpu, echo_attached, &first) < 0)
            return 1;
    }
    return echo(arg);
}

/* An env with a mailbox of its own on each CPU. The first is asked once about each other one. */
static int echo_by_cpu(void *arg)
{
    envid_t by_cpu[GANG_MAX] = {env_self()};
    struct ipc_msg msg = {.w = {0}};
    int32_t result;

    for (uint32_t cpu = 1; cpu < sysinfo()->ncpus; cpu++) {
        by_cpu[cpu] = bench_thread(cpu, echo, arg);
        if (by_cpu[cpu] < 0)
            return 1;
    }
    result = ipc_recv(&msg);
    for (uint32_t cpu = 1; cpu < sysinfo()->ncpus && result > 0; cpu++) {
        msg.w[0] = (uint32_t)by_cpu[msg.w[0] % GANG_MAX];
        result = ipc_reply_recv(ipc_sender(result), &msg);
    }
    return echo_from(result, &msg);
}

static bool start_server(uint32_t index, uint32_t cpu, int (*fn)(void *arg))
{
    servers[index] = bench_child(cpu, fn, NULL);
    return servers[index] > 0;
}

static void stop_servers(uint32_t count)
{
    (void)count;
    for (uint32_t i = 0; i < GANG_MAX; i++)
        bench_stop(servers[i]);
    memset(servers, 0, sizeof(servers));
}

/* ---- Clients. ---- */

static void call(envid_t server)
{
    struct ipc_msg msg = {.w = {0}};

    /* The answer may be another env's that serves the same mailbox. */
    if (ipc_call(server, &msg) <= 0)
        bench_fail("a call failed");
}

static void call_own(struct gang_worker *me)
{
    call(servers[me->cpu]);
}

static void call_first(struct gang_worker *me)
{
    (void)me;
    call(servers[0]);
}

/* Server k is chosen with a weight of 1 / (k + 1): Zipf's law with exponent 1. */
static void call_favourite(struct gang_worker *me)
{
    uint32_t count = sysinfo()->ncpus;
    uint32_t total = 0;
    uint32_t server = 0;

    for (uint32_t i = 0; i < count; i++)
        total += ZIPF_UNIT / (i + 1);
    uint32_t drawn = gang_random(me) % total;
    while (drawn >= ZIPF_UNIT / (server + 1)) {
        drawn -= ZIPF_UNIT / (server + 1);
        server++;
    }
    call(servers[server]);
}

static bool start_children(uint32_t count, gang_operation *operation)
{
    bool good = true;

    for (uint32_t i = 0; i < count && good; i++)
        good = gang_start_child(i, i, operation);
    return good;
}

static bool start_pairs(uint32_t count)
{
    bool good = true;

    for (uint32_t i = 0; i < count && good; i++)
        good = start_server(i, i, echo);
    return good && start_children(count, call_own);
}

static bool start_favourites(uint32_t count)
{
    bool good = true;

    for (uint32_t i = 0; i < count && good; i++)
        good = start_server(i, i, echo);
    return good && start_children(count, call_favourite);
}

static bool start_one_server(uint32_t count)
{
    return start_server(0, 0, echo) && start_children(count, call_first);
}

static bool start_server_attached(uint32_t count)
{
    return start_server(0, 0, echo_on_all) && start_children(count, call_first);
}

/* Clients know the env on their CPU; here they are told before the fork. */
static bool start_server_per_cpu(uint32_t count)
{
    if (!start_server(0, 0, echo_by_cpu))
        return false;
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        struct ipc_msg msg = {.w = {cpu}};

        if (ipc_call(servers[0], &msg) != servers[0])
            return false;
        servers[cpu] = (envid_t)msg.w[0];
    }
    return start_children(count, call_own);
}

/* ---- One address space. ---- */

#define PLACE             0x60000000u
#define PLACE_BYTES       0x00200000u /* each worker its own page table */
#define FAULT_PAGES       64u
#define EXCEPTION         0x5a000000u
#define EXCEPTION_OF(cpu) (EXCEPTION + (cpu)*2 * PAGE_SIZE)

static uint32_t touched[GANG_MAX * 16]; /* a cache line each */

static uintptr_t place_of(const struct gang_worker *me)
{
    return PLACE + me->cpu * PLACE_BYTES;
}

static void give_page(struct env_upcall_frame *frame)
{
    if (page_alloc(0, frame->fault_va & ~PAGE_MASK, 1, PERM_RW) != 0)
        bench_fail("a page could not be had");
}

/* One fault, answered by the env's own handler; each 64 of them the pages are given back. */
static void touch_next(struct gang_worker *me)
{
    uint32_t *page = &touched[me->cpu * 16];

    if (*page == FAULT_PAGES) {
        if (page_unmap(0, place_of(me), FAULT_PAGES) != 0)
            bench_fail("unmap failed");
        *page = 0;
    }
    *(volatile uint32_t *)(place_of(me) + *page * PAGE_SIZE) = 1;
    (*page)++;
}

/* The address space is live on all CPUs: each unmap is a shootdown. */
static void map_and_unmap(struct gang_worker *me)
{
    if (page_alloc(0, place_of(me), 1, PERM_RW) != 0 || page_unmap(0, place_of(me), 1) != 0)
        bench_fail("map or unmap failed");
}

static bool start_threads(uint32_t count, gang_operation *operation)
{
    bool good = true;

    for (uint32_t i = 0; i < count && good; i++)
        good = gang_start_thread(i, i, operation);
    return good;
}

static bool start_maps(uint32_t count)
{
    return start_threads(count, map_and_unmap);
}

static bool start_faults(uint32_t count)
{
    bool good = start_threads(count, touch_next);

    memset(touched, 0, sizeof(touched));
    for (uint32_t i = 0; i < count && good; i++)
        good = upcall_install(gang_id(i), give_page, EXCEPTION_OF(i)) == 0;
    return good;
}

static void end_places(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (page_unmap(0, PLACE + i * PLACE_BYTES, FAULT_PAGES) != 0 ||
            page_unmap(0, EXCEPTION_OF(i), 1) != 0)
            bench_fail("unmap failed");
    }
}

/* ---- A flood: who gets through. ---- */

#define FLOOD_SENDERS  4u
#define FLOOD_MESSAGES 20000u

static int send_for_ever(void *arg)
{
    const envid_t *receiver = arg;
    struct ipc_msg msg = {.w = {0}};

    while (ipc_send(*receiver, &msg) == 0) {}
    return 1;
}

/* The senders on CPU 0, the receiver's, or spread over all. The time begins when each has sent one. */
static void flood(const char *name, bool spread)
{
    uint64_t counts[FLOOD_SENDERS] = {0};
    envid_t senders[FLOOD_SENDERS];
    static envid_t self;
    struct ipc_msg msg;

    self = env_self();
    for (uint32_t i = 0; i < FLOOD_SENDERS; i++)
        senders[i] = bench_child(spread ? i % sysinfo()->ncpus : 0, send_for_ever, &self);
    for (uint32_t i = 0; i < FLOOD_SENDERS; i++) {
        if (ipc_recv_from(senders[i], &msg) != senders[i])
            bench_fail("a sender is not there");
    }
    locks_begin();
    uint64_t began = time_ticks();
    for (uint32_t i = 0; i < FLOOD_MESSAGES; i++) {
        envid_t from = ipc_recv(&msg);
        for (uint32_t j = 0; j < FLOOD_SENDERS; j++)
            counts[j] += from == senders[j];
    }
    uint64_t window = time_ticks() - began;
    for (uint32_t i = 0; i < FLOOD_SENDERS; i++)
        bench_stop(senders[i]);
    emit_begin();
    emit_text("bench", name);
    emit_number("cpus", sysinfo()->ncpus);
    emit_number("workers", FLOOD_SENDERS);
    emit_number("window", window);
    emit_list("ops", counts, FLOOD_SENDERS);
    emit_end();
    locks_report(name);
}

/* ---- All of them. ---- */

static const struct workload workloads[] = {
    {"pairs_0", 0, start_pairs, stop_servers},
    {"pairs_500", 500, start_pairs, stop_servers},
    {"pairs_4000", 4000, start_pairs, stop_servers},
    {"pairs_32000", 32000, start_pairs, stop_servers},
    {"one_server", 0, start_one_server, stop_servers},
    {"server_per_cpu", 0, start_server_per_cpu, stop_servers},
    {"server_attached", 0, start_server_attached, stop_servers},
    {"zipf", 0, start_favourites, stop_servers},
    {"faults", 0, start_faults, end_places},
    {"maps", 0, start_maps, NULL},
};

/* A whole number of decks, so that all workers think equally long in it. */
static uint64_t window_of(const struct workload *w, uint64_t wanted)
{
    uint64_t deck = (uint64_t)w->think * GANG_QUANTILES;

    if (deck == 0)
        return wanted;
    return wanted <= deck * THINK_DECKS ? deck * THINK_DECKS : (wanted + deck - 1) / deck * deck;
}

static void run(const struct workload *w, uint64_t window)
{
    uint32_t count = sysinfo()->ncpus;

    if (!gang_prepare(w->think) || !w->start(count))
        bench_fail("the workload could not be set up");
    gang_run(w->name, count, window_of(w, window));
    gang_end();
    if (w->end != NULL)
        w->end(count);
}

int main(int argc, char **argv)
{
    uint32_t window = bench_option(argc, argv, "window", WINDOW_TICKS);

    if (!bench_pin(0, 0))
        bench_fail("cannot be pinned");
    for (uint32_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
        if (bench_is_chosen(argc, argv, workloads[i].name))
            run(&workloads[i], window);
    }
    if (bench_is_chosen(argc, argv, "flood"))
        flood("flood", false);
    if (bench_is_chosen(argc, argv, "flood_cross"))
        flood("flood_cross", true);
    locks_report_sections();
    return 0;
}
