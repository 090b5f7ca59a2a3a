/* The kernel's entry, yield, messages and notifications: what one round trip costs.
 *
 * The partner is a copy of this program in an address space of its own, on the same CPU or (names that
 * end in _cross) on another. It echoes.
 */
#include "abi/ipc.h"

#include "grain/ipc.h"
#include "grain/syscall.h"
#include "tests/bench/bench.h"

/* What is sent, and where what comes is mapped; the same in both. */
#define SENT      0x50000000u
#define GOT       0x50100000u
#define PAGES_MAX 16u

#define WORDS_10 (10u - 4u) /* beyond those in registers */
#define WORDS_60 (60u - 4u)

static envid_t partner;

/* Inline, as the samples are: flags are a constant in every loop. */
ALWAYS_INLINE int echo(uint32_t flags)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t result = ipc(IPC_OP_RECV | (flags & IPC_WINDOW), 0, &msg);

    while (result > 0)
        result = ipc(IPC_OP_REPLY_RECV | flags, ipc_sender(result), &msg);
    return 1;
}

static int echo_words_4(void *arg)
{
    (void)arg;
    return echo(0);
}

static int echo_words_10(void *arg)
{
    (void)arg;
    return echo(IPC_SEND_WORDS(WORDS_10));
}

static int echo_words_60(void *arg)
{
    (void)arg;
    return echo(IPC_SEND_WORDS(WORDS_60));
}

/* As many pages back as come. */
static int echo_pages(void *arg)
{
    const uint32_t *pages = arg;

    ipc_set_pages(SENT, *pages, PERM_RW);
    ipc_set_window(GOT, *pages);
    return echo(IPC_PAGES | IPC_WINDOW);
}

static int echo_bits(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    const envid_t *client = arg;

    while (ipc_recv_from(0, &msg) == 0)
        (void)notify(*client, 1);
    return 1;
}

static int yield_forever(void *arg)
{
    (void)arg;
    for (;;)
        yield();
}

/* ---- Partners. A child blocks, or is ready, before the first sample: the warm-up sees to that. ---- */

static bool start(uint32_t cpu, int (*fn)(void *arg), void *arg)
{
    partner = bench_child(cpu, fn, arg);
    return partner > 0;
}

static void stop(void)
{
    bench_stop(partner);
}

static bool start_words_4(void)
{
    return start(0, echo_words_4, NULL);
}

static bool start_words_10(void)
{
    return start(0, echo_words_10, NULL);
}

static bool start_words_60(void)
{
    return start(0, echo_words_60, NULL);
}

static bool start_pages(uint32_t pages)
{
    static uint32_t count;

    count = pages;
    ipc_set_pages(SENT, pages, PERM_RW);
    ipc_set_window(GOT, pages);
    return page_alloc(0, SENT, pages, PERM_RW) == 0 && start(0, echo_pages, &count);
}

static bool start_page(void)
{
    return start_pages(1);
}

static bool start_16_pages(void)
{
    return start_pages(PAGES_MAX);
}

static void stop_pages(void)
{
    stop();
    (void)page_unmap(0, SENT, PAGES_MAX);
    (void)page_unmap(0, GOT, PAGES_MAX);
}

static bool start_bits_on(uint32_t cpu)
{
    static envid_t self;

    self = env_self();
    return start(cpu, echo_bits, &self);
}

static bool start_bits(void)
{
    return start_bits_on(0);
}

static bool start_bits_cross(void)
{
    return start_bits_on(1);
}

static bool start_yield(void)
{
    return start(0, yield_forever, NULL);
}

static bool start_cross(void)
{
    return start(1, echo_words_4, NULL);
}

/* ---- Samples. ---- */

static void sample_null(void)
{
    bench_begin();
    (void)null_call();
    bench_end();
}

static void sample_yield(void)
{
    bench_begin();
    yield();
    bench_end();
}

ALWAYS_INLINE void sample_call(uint32_t flags)
{
    struct ipc_msg msg = {.w = {0, 1, 2, 3}};
    int32_t result;

    bench_begin();
    result = ipc(IPC_OP_CALL | flags, partner, &msg);
    bench_end();
    bench_require(result > 0 && msg.w[3] == 3);
}

static void sample_words_4(void)
{
    sample_call(0);
}

static void sample_words_10(void)
{
    sample_call(IPC_SEND_WORDS(WORDS_10));
}

static void sample_words_60(void)
{
    sample_call(IPC_SEND_WORDS(WORDS_60));
}

static void sample_pages(void)
{
    sample_call(IPC_PAGES | IPC_WINDOW);
}

static void sample_bits(void)
{
    struct ipc_msg msg;
    int32_t sent;
    int32_t received;

    bench_begin();
    sent = notify(partner, 1);
    received = ipc_recv_from(0, &msg);
    bench_end();
    bench_require(sent == 0 && received == 0);
}

static const struct bench_case cases[] = {
    {.name = "null", .sample = sample_null},
    {.name = "yield_alone", .sample = sample_yield},
    {.name = "yield_two", .ops = 2, .setup = start_yield, .sample = sample_yield, .teardown = stop},
    {.name = "ipc", .setup = start_words_4, .sample = sample_words_4, .teardown = stop},
    {.name = "ipc_10", .setup = start_words_10, .sample = sample_words_10, .teardown = stop},
    {.name = "ipc_60", .setup = start_words_60, .sample = sample_words_60, .teardown = stop},
    {.name = "ipc_page", .setup = start_page, .sample = sample_pages, .teardown = stop_pages},
    {.name = "ipc_16_pages",
     .setup = start_16_pages,
     .sample = sample_pages,
     .teardown = stop_pages},
    {.name = "notify", .setup = start_bits, .sample = sample_bits, .teardown = stop},
    {.name = "ipc_cross",
     .cpus = 2,
     .setup = start_cross,
     .sample = sample_words_4,
     .teardown = stop},
    {.name = "notify_cross",
     .cpus = 2,
     .setup = start_bits_cross,
     .sample = sample_bits,
     .teardown = stop},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
