/* The built-in demonstration: what the system is, two address spaces that exchange messages and pages
 * on one CPU and across two, and what a few primitives cost.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "grain/ipc.h"
#include "grain/process.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "servers/init/init.h"

#define ROUNDS     1000u
#define PAGE_WORDS (PAGE_SIZE / sizeof(uint32_t))

/* Where client and server, each in its own address space, have the page they send and the one they
 * get. */
#define PAGE_SENT 0x50000000u
#define PAGE_GOT  0x50001000u

/* Pages that are not there: the server, as the pager, gives them at the first fault, or at the second. */
#define PAGES_ONCE  0x51000000u
#define PAGES_TWICE 0x52000000u

/* Labels. The answer to WORDS is every other word, inverted; to PAGES a page for a page. */
enum { DEMO_WORDS = 1, DEMO_PAGES, DEMO_QUIT };

struct place {
    const char *id;
    const char *text;
    uint32_t server_cpu;
};

/* The server, a copy of init. */

static void page_fill(uintptr_t va, uint32_t seed)
{
    uint32_t *words = (uint32_t *)va;

    for (uint32_t i = 0; i < PAGE_WORDS; i++)
        words[i] = seed + i;
}

static bool page_has(uintptr_t va, uint32_t seed)
{
    const uint32_t *words = (const uint32_t *)va;

    for (uint32_t i = 0; i < PAGE_WORDS; i++) {
        if (words[i] != seed + i)
            return false;
    }
    return true;
}

/* msg.w[1]: seed of the page that came, 0: do not look. The answer's is one more. */
static void answer_page(struct ipc_msg *msg)
{
    if (msg->w[1] == 0)
        return;
    msg->w[2] = page_has(PAGE_GOT, msg->w[1]);
    page_fill(PAGE_SENT, msg->w[1] + 1);
}

/* Resumes who faulted. Returns the flags that the answer needs. */
static uint32_t answer_fault(struct ipc_msg *msg)
{
    static uint32_t last;
    bool again = msg->w[1] < PAGES_TWICE || msg->w[1] == last;

    last = msg->w[1];
    *msg = (struct ipc_msg){.w = {FAULT_RESUME}};
    return again ? IPC_PAGES : 0;
}

static int prepare_pages(void)
{
    ipc_set_pages(PAGE_SENT, 1, PERM_RW);
    ipc_set_window(PAGE_GOT, 1);
    return page_alloc(0, PAGE_SENT, 1, PERM_RW);
}

static int serve(void)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t result = prepare_pages();

    if (result == 0)
        result = ipc(IPC_OP_RECV | IPC_WINDOW, 0, &msg);
    while (result > 0 && msg.w[0] != DEMO_QUIT) {
        uint32_t flags = IPC_OP_REPLY_RECV | IPC_WINDOW;

        if (IPC_FAULT_IS(msg.w[0])) {
            flags |= answer_fault(&msg);
        } else if (msg.w[0] == DEMO_PAGES) {
            flags |= IPC_PAGES;
            answer_page(&msg);
        } else {
            msg.w[1] = ~msg.w[1];
            msg.w[2] = ~msg.w[2];
            msg.w[3] = ~msg.w[3];
        }
        result = ipc(flags, ipc_sender(result), &msg);
    }
    return result < 0 ? 1 : 0;
}

/* The client, init itself. */

static bool exchange_words(envid_t server)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct ipc_msg msg = {.w = {DEMO_WORDS, i, i * 7, i << 16}};

        if (ipc_call(server, &msg) != server)
            return false;
        if (msg.w[1] != ~i || msg.w[2] != ~(i * 7) || msg.w[3] != ~(i << 16))
            return false;
    }
    return true;
}

static int32_t call_with_page(envid_t server, struct ipc_msg *msg)
{
    return ipc(IPC_OP_CALL | IPC_PAGES | IPC_WINDOW, server, msg);
}

static bool exchange_pages(envid_t server)
{
    for (uint32_t seed = 0x1000; seed < 0x1000 + 16 * 2; seed += 2) {
        struct ipc_msg msg = {.w = {DEMO_PAGES, seed, 0, 0}};

        page_fill(PAGE_SENT, seed);
        int32_t result = call_with_page(server, &msg);

        if (ipc_sender(result) != server || !ipc_has_extra(result))
            return false;
        if (utcb()->got_pages != 1 || msg.w[2] != 1 || !page_has(PAGE_GOT, seed + 1))
            return false;
    }
    return true;
}

/* Measurement. */

static void do_nothing(envid_t server)
{
    (void)server;
}

static void do_null_call(envid_t server)
{
    (void)server;
    null_call();
}

static void do_yield(envid_t server)
{
    (void)server;
    yield();
}

static void do_words(envid_t server)
{
    struct ipc_msg msg = {.w = {DEMO_WORDS, 1, 2, 3}};

    (void)ipc_call(server, &msg);
}

static void do_page(envid_t server)
{
    struct ipc_msg msg = {.w = {DEMO_PAGES, 0, 0, 0}};

    (void)call_with_page(server, &msg);
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t samples[ROUNDS];

static void print_samples(const char *text)
{
    qsort(samples, ROUNDS, sizeof(samples[0]), compare_samples);
    printf("  %-40s min %7u  median %7u TSC ticks\n", text, samples[0], samples[ROUNDS / 2]);
}

static void measure(const char *text, void (*operation)(envid_t server), envid_t server)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint64_t start = time_ticks();

        operation(server);
        samples[i] = (uint32_t)(time_ticks() - start);
    }
    print_samples(text);
}

static uint32_t fault_at(uintptr_t va)
{
    uint64_t start = time_ticks();

    (void)*(volatile uint32_t *)va;
    return (uint32_t)(time_ticks() - start);
}

/* Our own faults, which the server resolves: with a page, and, as the difference to a page that takes two, what
 * one takes that is answered and nothing else. */
static bool measure_faults(envid_t server)
{
    static uint32_t with_page[ROUNDS];

    if (env_set_pager(0, server) < 0)
        return false;
    for (uint32_t i = 0; i < ROUNDS; i++)
        with_page[i] = samples[i] = fault_at(PAGES_ONCE + i * PAGE_SIZE);
    print_samples("fault to a handler and back with a page");
    for (uint32_t i = 0; i < ROUNDS; i++)
        samples[i] = fault_at(PAGES_TWICE + i * PAGE_SIZE) - with_page[i];
    print_samples("fault to a handler and back");
    return env_set_pager(0, 0) == 0 && page_unmap(0, PAGES_ONCE, ROUNDS) == 0 &&
           page_unmap(0, PAGES_TWICE, ROUNDS) == 0;
}

static void demo_place(const struct place *place, envid_t server)
{
    char id[32];
    int result = env_set_sched(server, SCHED_PRIO_DEFAULT, place->server_cpu);

    printf("Client and server on %s:\n", place->text);
    snprintf(id, sizeof(id), "demo_words_%s", place->id);
    report_check(id, result == 0 && exchange_words(server), "wrong answer to a register message");
    snprintf(id, sizeof(id), "demo_pages_%s", place->id);
    report_check(id, result == 0 && exchange_pages(server), "wrong page");
    measure("IPC round trip, registers", do_words, server);
    measure("IPC round trip, a page each way", do_page, server);
    snprintf(id, sizeof(id), "demo_faults_%s", place->id);
    report_check(id, measure_faults(server), "not resolved");
}

static void print_facts(void)
{
    const struct sysinfo *info = sysinfo();

    printf("Grain %s: locks %s, algorithm %s%s%s\n", info->version, info->granularity,
           info->algorithm, info->build[0] != 0 ? ", " : "", info->build);
    printf("  %u CPU%s, %s%s%s\n", info->ncpus, info->ncpus == 1 ? "" : "s", info->cpu,
           info->hypervisor[0] != 0 ? ", under " : "", info->hypervisor);
    printf("  %u KiB of memory, clock %s, %u TSC ticks a millisecond\n",
           info->total_frames * (PAGE_SIZE / 1024), info->clock, info->tsc_khz);
}

static void demo_with(envid_t server)
{
    static const struct place same = {"same_cpu", "one CPU", 0};
    static const struct place cross = {"cross_cpu", "two CPUs", 1};
    struct ipc_msg quit = {.w = {DEMO_QUIT}};
    struct env_death death = {.cause = 0};

    demo_place(&same, server);
    if (sysinfo()->ncpus > 1)
        demo_place(&cross, server);
    int result = ipc_send(server, &quit);
    if (result == 0)
        result = process_wait(server, &death);
    bool good = result == 0 && death.cause == ENV_EXITED && death.status == 0;
    report_check("demo_server_exit", good, result < 0 ? grain_errname(result) : "died");
}

void demo_run(void)
{
    print_facts();
    envid_t server = dumbfork();
    if (server == 0)
        exit(serve());
    int result = server < 0 ? server : prepare_pages();
    if (result == 0)
        result = env_set_sched(0, SCHED_PRIO_DEFAULT, 0);
    report_check("demo_start", result == 0, grain_strerror(result));
    if (result < 0)
        return;
    printf("%u repetitions each:\n", ROUNDS);
    measure("reading the clock (included below)", do_nothing, server);
    measure("null system call", do_null_call, server);
    measure("yield, nobody else ready", do_yield, server);
    demo_with(server);
}
