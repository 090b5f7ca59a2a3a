/* Pages: allocate, map, protect and unmap, one and 256 in a call; faults and the way back. */
#include "abi/ipc.h"
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "tests/bench/bench.h"
#include "tests/user/upcall.h"

#define MANY      256u
#define SOURCE    0x50000000u /* MANY pages that are always there */
#define PLACE     0x50200000u /* and up to MANY that come and go */
#define EXCEPTION 0x50400000u

#define STOCK_TRIES 1000u

static bool have_source(void)
{
    return page_alloc(0, SOURCE, MANY, PERM_RW) == 0 && page_alloc(0, PLACE, MANY, PERM_RW) == 0;
}

/* Zeroed frames that the kernel has in stock. */
static uint32_t stock(void)
{
    struct kernel_counters now;

    bench_require(kernel_info(&now) == 0);
    return now.zeroed_frames;
}

/* All pages allocated are zeroed in the call; unless other CPUs are idle. */
static bool have_no_stock(void)
{
    if (!have_source())
        return false;
    for (uint32_t i = 0; i < STOCK_TRIES && stock() != 0; i++)
        bench_require(page_alloc(0, PLACE, MANY, PERM_RW) == 0);
    return true;
}

/* More than a case allocates: this CPU or another one was idle. */
static bool have_stock(void)
{
    if (!have_source())
        return false;
    for (uint32_t i = 0; i < STOCK_TRIES && stock() < MANY / 2; i++)
        sleep_us(100);
    return stock() >= MANY / 2;
}

static void drop_all(void)
{
    bench_require(page_unmap(0, SOURCE, MANY) == 0 && page_unmap(0, PLACE, MANY) == 0);
}

/* PLACE is left mapped by have_source, so that its page table stays. */
ALWAYS_INLINE void sample_alloc(uint32_t pages)
{
    bench_require(page_unmap(0, PLACE, pages) == 0);
    bench_begin();
    int result = page_alloc(0, PLACE, pages, PERM_RW);
    bench_end();
    bench_require(result == 0);
}

ALWAYS_INLINE void sample_map(uint32_t pages)
{
    bench_require(page_unmap(0, PLACE, pages) == 0);
    bench_begin();
    int result = page_map(0, SOURCE, 0, PLACE | PERM_RW, pages);
    bench_end();
    bench_require(result == 0);
}

ALWAYS_INLINE void sample_protect(uint32_t pages)
{
    bench_require(page_map(0, SOURCE, 0, PLACE | PERM_RW, pages) == 0);
    bench_begin();
    int result = page_protect(0, PLACE, pages, PERM_R);
    bench_end();
    bench_require(result == 0);
}

ALWAYS_INLINE void sample_unmap(uint32_t pages)
{
    bench_require(page_map(0, SOURCE, 0, PLACE | PERM_RW, pages) == 0);
    bench_begin();
    int result = page_unmap(0, PLACE, pages);
    bench_end();
    bench_require(result == 0);
}

static void alloc_1(void)
{
    sample_alloc(1);
}

static void alloc_256(void)
{
    sample_alloc(MANY);
}

static void map_1(void)
{
    sample_map(1);
}

static void map_256(void)
{
    sample_map(MANY);
}

static void protect_1(void)
{
    sample_protect(1);
}

static void protect_256(void)
{
    sample_protect(MANY);
}

static void unmap_1(void)
{
    sample_unmap(1);
}

static void unmap_256(void)
{
    sample_unmap(MANY);
}

/* ---- Faults. ---- */

static envid_t pager;

/* Gives the same page for every fault, or if told so for every second one: after the first the instruction
 * faults again, and the difference to one that faults once is a fault and the way back without a page. */
static int serve_faults(void *arg)
{
    const bool *twice = arg;
    bool give = !*twice;
    struct ipc_msg msg;
    int32_t result;

    ipc_set_pages(SOURCE, 1, PERM_RW);
    result = ipc(IPC_OP_RECV, 0, &msg);
    while (result > 0) {
        msg.w[0] = FAULT_RESUME;
        result = ipc(IPC_OP_REPLY_RECV | (give ? IPC_PAGES : 0), ipc_sender(result), &msg);
        give = !*twice || !give;
    }
    return 1;
}

static bool start_pager_that(bool faults_twice)
{
    static bool twice;

    twice = faults_twice;
    if (!have_source())
        return false;
    pager = bench_child(0, serve_faults, &twice);
    return pager > 0 && env_set_pager(0, pager) == 0;
}

static bool start_pager(void)
{
    return start_pager_that(false);
}

static bool start_slow_pager(void)
{
    return start_pager_that(true);
}

static void stop_pager(void)
{
    bench_require(env_set_pager(0, 0) == 0);
    bench_stop(pager);
    drop_all();
}

static void fault_pager(void)
{
    bench_require(page_unmap(0, PLACE, 1) == 0);
    bench_begin();
    *(volatile uint32_t *)PLACE = 1;
    bench_end();
}

/* The handler passes over the instruction that faulted: what is left is the way there and back. */
#define TOUCH_BYTES 2u /* movl (%eax), %eax */

static void skip_touch(struct env_upcall_frame *frame)
{
    frame->eip += TOUCH_BYTES;
}

static bool start_upcall(void)
{
    return upcall_install(0, skip_touch, EXCEPTION) == 0;
}

static void stop_upcall(void)
{
    bench_require(env_set_upcall(0, 0, 0) == 0 && page_unmap(0, EXCEPTION, 1) == 0);
}

static void fault_upcall(void)
{
    bench_begin();
    __asm__ volatile("movl (%0), %0" : : "a"(PLACE) : "memory", "cc");
    bench_end();
}

static const struct bench_case cases[] = {
    {.name = "page_alloc",
     .ops = 1,
     .setup = have_no_stock,
     .sample = alloc_1,
     .teardown = drop_all},
    {.name = "page_alloc_stock",
     .ops = 1,
     .setup = have_stock,
     .sample = alloc_1,
     .teardown = drop_all},
    {.name = "page_alloc_256",
     .ops = MANY,
     .setup = have_source,
     .sample = alloc_256,
     .teardown = drop_all},
    {.name = "page_map", .ops = 1, .setup = have_source, .sample = map_1, .teardown = drop_all},
    {.name = "page_map_256",
     .ops = MANY,
     .setup = have_source,
     .sample = map_256,
     .teardown = drop_all},
    {.name = "page_protect",
     .ops = 1,
     .setup = have_source,
     .sample = protect_1,
     .teardown = drop_all},
    {.name = "page_protect_256",
     .ops = MANY,
     .setup = have_source,
     .sample = protect_256,
     .teardown = drop_all},
    {.name = "page_unmap", .ops = 1, .setup = have_source, .sample = unmap_1, .teardown = drop_all},
    {.name = "page_unmap_256",
     .ops = MANY,
     .setup = have_source,
     .sample = unmap_256,
     .teardown = drop_all},
    {.name = "fault_pager", .setup = start_pager, .sample = fault_pager, .teardown = stop_pager},
    {.name = "fault_twice",
     .setup = start_slow_pager,
     .sample = fault_pager,
     .teardown = stop_pager},
    {.name = "fault_upcall",
     .setup = start_upcall,
     .sample = fault_upcall,
     .teardown = stop_upcall},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
