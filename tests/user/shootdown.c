/* No CPU uses a translation after the call that took it away has returned.
 *
 * Writers on all CPUs add to a counter in one page. The main env swaps the page, takes it away or
 * makes it read-only, and then watches the old frame through another mapping: it must not change any
 * more. With only one CPU the same must hold, by preemption.
 *
 *   shootdown [rounds=N]
 */
#include <stdio.h>

#include "abi/errors.h"
#include "grain/layout.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/user/test.h"
#include "tests/user/upcall.h"

#define PLACE       0x50000000u /* what the writers write to */
#define FRAME_A     0x51000000u /* the two frames that are mapped there in turn */
#define FRAME_B     0x51001000u
#define EXCEPTION   0x52000000u /* an exception stack for each writer */
#define WRITERS_MAX 8u

#define MOVES 4u /* steps of each writer that one round waits for */

static volatile uint32_t stop;
static uint32_t faults;
static volatile uint32_t steps[WRITERS_MAX];
static uint32_t writers;

static void count_fault(struct env_upcall_frame *frame)
{
    (void)frame;
    __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
    if (test_cpus() == 1)
        yield();
}

static int writer(void *arg)
{
    uint32_t *counter = (uint32_t *)PLACE;
    uint32_t me = (uint32_t)(uintptr_t)arg;

    while (!stop) {
        __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
        steps[me]++;
        if (test_cpus() == 1 && steps[me] % MOVES == 0)
            yield();
    }
    return 0;
}

static uint32_t counter_at(uintptr_t va)
{
    return *(volatile uint32_t *)va;
}

/* The main env has CPU 0 to itself, unless that is the only one. */
static void pause(void)
{
    if (test_cpus() == 1)
        yield();
}

/* Until each writer has done some steps more: what was in flight has landed. */
static void let_writers_move(void)
{
    uint32_t before[WRITERS_MAX];

    for (uint32_t i = 0; i < writers; i++)
        before[i] = steps[i];
    for (uint32_t i = 0; i < writers; i++) {
        while (steps[i] - before[i] < MOVES)
            pause();
    }
}

/* Until the writers have faulted some times more. */
static void let_writers_fault(void)
{
    uint32_t before = __atomic_load_n(&faults, __ATOMIC_RELAXED);

    while (__atomic_load_n(&faults, __ATOMIC_RELAXED) - before < MOVES)
        pause();
}

/* Swaps the frames: the old one rests as soon as page_map has returned, and nobody faults. */
static bool swap_round(uint32_t round)
{
    uintptr_t from = round % 2 == 0 ? FRAME_A : FRAME_B;
    uintptr_t to = round % 2 == 0 ? FRAME_B : FRAME_A;

    if (page_map(0, to, 0, PLACE | PERM_RW, 1) != 0)
        return false;
    uint32_t seen = counter_at(from);
    let_writers_move();
    return counter_at(from) == seen;
}

static bool unmap_round(uint32_t round)
{
    (void)round;
    if (page_unmap(0, PLACE, 1) != 0)
        return false;
    uint32_t seen = counter_at(FRAME_A);
    let_writers_fault();
    bool good = counter_at(FRAME_A) == seen;
    return page_map(0, FRAME_A, 0, PLACE | PERM_RW, 1) == 0 && good;
}

/* Writable again by a new mapping: nobody may give himself W by page_protect. */
static bool protect_round(uint32_t round)
{
    (void)round;
    if (page_protect(0, PLACE, 1, PERM_R) != 0)
        return false;
    uint32_t seen = counter_at(FRAME_A);
    let_writers_fault();
    bool good = counter_at(FRAME_A) == seen;
    return page_map(0, FRAME_A, 0, PLACE | PERM_RW, 1) == 0 && good;
}

/* Bits that change nothing for the processor: the page is there all the time. */
static bool avail_round(uint32_t round)
{
    return page_protect(0, PLACE, 1, PERM_RW | (round % 2 == 0 ? 0x200u : 0x400u)) == 0;
}

/* A table is taken away, and its frame used for something else, at once. */
static bool table_round(uint32_t round)
{
    uintptr_t other = PLACE + 0x400000u;

    (void)round;
    if (page_unmap(0, PLACE, 512) != 0 || page_alloc(0, other, 8, PERM_RW) != 0)
        return false;
    uint32_t seen = counter_at(FRAME_A);
    let_writers_fault();
    bool good = counter_at(FRAME_A) == seen && counter_at(other) == 0;
    return page_unmap(0, other, 8) == 0 && page_map(0, FRAME_A, 0, PLACE | PERM_RW, 1) == 0 && good;
}

struct kind {
    const char *id;
    const char *no_fault_id; /* a kind that must not make writers fault */
    bool (*round)(uint32_t round);
};

static void run_kind(const struct kind *kind, uint32_t rounds)
{
    bool good = page_map(0, FRAME_A, 0, PLACE | PERM_RW, 1) == 0;
    uint32_t before = __atomic_load_n(&faults, __ATOMIC_RELAXED);
    uint32_t i = 0;

    for (; i < rounds && good; i++)
        good = kind->round(i);
    test_report(good, kind->id, "round %u of %u", i, rounds);
    if (kind->no_fault_id != NULL)
        CHECK_EQ(__atomic_load_n(&faults, __ATOMIC_RELAXED) - before, 0, kind->no_fault_id);
}

static void run_kinds(uint32_t rounds)
{
    static const struct kind kinds[] = {
        {"shootdown_swap", "shootdown_swap_no_fault", swap_round},
        {"shootdown_avail", "shootdown_avail_no_fault", avail_round},
        {"shootdown_unmap", NULL, unmap_round},
        {"shootdown_protect", NULL, protect_round},
        {"shootdown_table", NULL, table_round},
    };

    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        let_writers_move();
        run_kind(&kinds[i], rounds);
    }
}

static bool start_writers(envid_t *ids)
{
    bool good = true;

    for (uint32_t i = 0; i < writers && good; i++) {
        ids[i] = test_thread_start((i + 1) % test_cpus(), writer, (void *)(uintptr_t)i);
        good = ids[i] > 0 && upcall_install(ids[i], count_fault, EXCEPTION + i * PAGE_SIZE) == 0;
    }
    return good;
}

int main(int argc, char **argv)
{
    /* Fewer with more CPUs: where the host has less, each round waits for all of them to get a turn. */
    uint32_t rounds = test_option(argc, argv, "rounds", 100 / (test_cpus() < 2 ? 2 : test_cpus()));
    envid_t ids[WRITERS_MAX];
    struct env_death death;
    bool ended = true;

    writers = test_cpus() == 1 ? 2 : test_cpus() - 1;
    if (writers > WRITERS_MAX)
        writers = WRITERS_MAX;
    if (!CHECK_OK(test_pin(0, 0), "shootdown_pin") ||
        !CHECK_OK(page_alloc(0, FRAME_A, 2, PERM_RW), "shootdown_frames") ||
        !CHECK_OK(page_map(0, FRAME_A, 0, PLACE | PERM_RW, 1), "shootdown_place") ||
        !CHECK(start_writers(ids), "shootdown_start"))
        return test_status();
    run_kinds(rounds);
    stop = 1;
    for (uint32_t i = 0; i < writers; i++)
        ended = thread_join(ids[i], &death) == 0 && death.cause == ENV_EXITED && ended;
    CHECK(ended, "shootdown_writers_end");
    return test_status();
}
