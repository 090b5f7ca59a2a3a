/* Pages wander: moved and mapped between several address spaces on all CPUs, some of it into windows
 * that are too small or ranges that are not there, and the receivers are killed now and then. Each
 * page carries its own name, and arrives exactly if the window of its receiver is large enough. In the
 * end not a frame is missing. seed=N, rounds=N. */
#include <stdlib.h>

#include "grain/ipc.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PEERS  4u
#define ROUNDS 1500u
#define SRC    0x60000000u
#define WIN    0x68000000u
#define SPAN   512u /* pages of the window area: two page tables and more */
#define MAX    IPC_PAGES_MAX

static uint32_t seed;
static uint32_t arrived; /* messages that a peer took and answered */

static struct {
    envid_t id;
    uint32_t window; /* pages that it would take now */
} peers[PEERS];

static uint32_t name(uint32_t round, uint32_t page)
{
    return round << 8 ^ page ^ 0x5eed0000u;
}

/* A peer takes pages at a place and of a number that the message before named, checks them, and sends them
 * back. */
static int peer(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    uint32_t flags = IPC_OP_RECV | IPC_WINDOW;
    int32_t from = 0;

    (void)arg;
    for (;;) {
        uint32_t va = WIN + msg.w[2] % SPAN * PAGE_SIZE;

        ipc_set_window(va, 1 + msg.w[3] % MAX);
        from = ipc(flags, from > 0 ? ipc_sender(from) : 0, &msg);
        if (from <= 0)
            return 1;
        uint32_t pages = ipc_has_extra(from) ? utcb()->got_pages : 0;
        for (uint32_t i = 0; i < pages; i++) {
            if (*(volatile uint32_t *)(va + i * PAGE_SIZE) != name(msg.w[1], i))
                return 2;
        }
        ipc_set_pages(va, pages, PERM_RW | IPC_MOVE);
        flags = IPC_OP_REPLY_RECV | IPC_WINDOW | (pages != 0 ? IPC_PAGES : 0);
        msg.w[0] = pages;
    }
}

static bool peer_start(uint32_t number)
{
    envid_t id = test_child_start(peer, NULL);

    peers[number].id = id;
    peers[number].window = 1;
    return id > 0 && test_pin(id, number % test_cpus()) == 0;
}

static bool make_pages(uint32_t round, uint32_t pages)
{
    if (page_alloc(0, SRC, pages, PERM_RW) != 0)
        return false;
    for (uint32_t i = 0; i < pages; i++)
        *(volatile uint32_t *)(SRC + i * PAGE_SIZE) = name(round, i);
    return true;
}

/* The pages that came back, or stayed, are those of this round. */
static bool pages_are_right(uint32_t va, uint32_t round, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        if (page_perm(va + i * PAGE_SIZE) == 0 ||
            *(volatile uint32_t *)(va + i * PAGE_SIZE) != name(round, i))
            return false;
    }
    return true;
}

/* Half of the messages fit. */
static uint32_t choose_pages(uint32_t window)
{
    return 1 + rand_below(&seed, rand_below(&seed, 2) == 0 ? window : MAX);
}

/* What the call has to return: `more` pages are not there. */
static int32_t right_result(uint32_t number, uint32_t pages, uint32_t more)
{
    if (more != 0)
        return -E_INVAL;
    return pages <= peers[number].window ? peers[number].id : -E_MSG_SIZE;
}

static bool round_trip(uint32_t number, uint32_t round)
{
    uint32_t pages = choose_pages(peers[number].window);
    bool move = rand_below(&seed, 2) != 0;
    uint32_t more = rand_below(&seed, 8) == 0 ? 1 : 0;
    struct ipc_msg msg = {.w = {0, round, rand_below(&seed, SPAN), rand_below(&seed, MAX)}};
    uint32_t next_window = 1 + msg.w[3];
    int32_t result;

    if (!make_pages(round, pages))
        return false;
    ipc_set_pages(SRC, pages + more, PERM_RW | (move ? IPC_MOVE : 0));
    ipc_set_window(WIN, MAX);
    ipc_set_timeouts(TEST_PATIENCE_US, TEST_PATIENCE_US);
    result = ipc(IPC_OP_CALL | IPC_PAGES | IPC_WINDOW | IPC_TIMED, peers[number].id, &msg);
    if (result > 0)
        result = ipc_sender(result);
    if (result != right_result(number, pages, more))
        return false;
    if (result < 0)
        return pages_are_right(SRC, round, pages) && page_unmap(0, SRC, MAX) == 0;
    arrived++;
    peers[number].window = next_window;
    return msg.w[0] == pages && pages_are_right(WIN, round, pages) &&
           (page_perm(SRC) == 0) == move && page_unmap(0, SRC, MAX) == 0 &&
           page_unmap(0, WIN, MAX) == 0;
}

static bool storm(uint32_t rounds)
{
    bool good = true;

    for (uint32_t round = 0; round < rounds && good; round++) {
        uint32_t number = rand_below(&seed, PEERS);

        good = test_pin(0, rand_below(&seed, test_cpus())) == 0;
        if (rand_below(&seed, 64) == 0) {
            process_kill(peers[number].id);
            good = peer_start(number) && good;
        }
        good = good && round_trip(number, round);
        if (!good)
            TEST_FAIL("ipc_pages_storm_round", "round %u", round);
    }
    return good;
}

static bool run(uint32_t rounds)
{
    bool good = true;

    arrived = 0;
    for (uint32_t i = 0; i < PEERS; i++)
        good = peer_start(i) && good;
    good = good && storm(rounds);
    for (uint32_t i = 0; i < PEERS; i++) {
        if (peers[i].id > 0)
            process_kill(peers[i].id);
    }
    return good;
}

int main(int argc, char **argv)
{
    uint32_t rounds = test_option(argc, argv, "rounds", ROUNDS);
    struct kernel_counters before;
    struct kernel_counters after;

    seed = test_option(argc, argv, "seed", 1);
    CHECK(run(10), "ipc_pages_storm_warm_up");
    kernel_info(&before);
    CHECK(run(rounds), "ipc_pages_storm");
    CHECK(arrived > rounds / 8, "ipc_pages_storm_arrived");
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, "ipc_pages_storm_frames");
    CHECK_EQ(after.envs, before.envs, "ipc_pages_storm_envs");
    CHECK_EQ(after.aspaces, before.aspaces, "ipc_pages_storm_aspaces");
    return test_status();
}
