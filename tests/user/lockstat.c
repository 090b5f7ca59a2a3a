/* The lock statistics that the kernel shows, where it keeps them: what a known number of system calls and
 * round trips adds to them. All on CPU 0, which is in user mode while its counters are read, so that they
 * add up exactly.
 */
#include <stdio.h>
#include <string.h>

#include "abi/syscalls.h"
#include "grain/ipc.h"
#include "grain/lockstat.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/user/test.h"

#define CALLS     500u
#define ROUNDS    200u
#define TRIES     20u /* the scheduler's tick may come in between: the quietest counts */
#define LABEL_END 1u

static struct lockstat_cpu before;
static struct lockstat_cpu now;

static int write_window(void *arg)
{
    (void)arg;
    *(volatile uint32_t *)(LOCKSTAT_WINDOW + PAGE_SIZE) = 1;
    return 0;
}

static void check_window(void)
{
    const struct lockstat *all = lockstat();

    CHECK_EQ(all->magic, LOCKSTAT_MAGIC, "lockstat_magic");
    CHECK_EQ(all->mode, sysinfo()->lockstat, "lockstat_mode");
    CHECK_EQ(all->ncpus, sysinfo()->ncpus, "lockstat_cpus");
    CHECK(strcmp(all->name[all->nslots - 1], "big") == 0, "lockstat_last_is_big");
    CHECK_FAULT(write_window, NULL, 14, LOCKSTAT_WINDOW + PAGE_SIZE, "lockstat_is_read_only");
}

static uint32_t slot_of(const char *name)
{
    uint32_t slot = 0;

    while (strcmp(lockstat()->name[slot], name) != 0)
        slot++;
    return slot;
}

static uint32_t growth(uint32_t slot)
{
    return now.slot[slot].acquisitions - before.slot[slot].acquisitions;
}

/* All kinds of ways through the kernel. */
static uint32_t entries(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < LOCKSTAT_SECTIONS; i++)
        sum += now.section[i].count - before.section[i].count;
    return sum;
}

static void check_calls(void)
{
    bool is_big = strcmp(sysinfo()->granularity, "big") == 0;
    uint32_t others = 0;

    lockstat_read(0, &before);
    for (uint32_t i = 0; i < CALLS; i++)
        null_call();
    lockstat_read(0, &now);
    if (is_big)
        CHECK(growth(slot_of("big")) >= CALLS, "lockstat_big_counts_calls");
    else
        CHECK_EQ(growth(slot_of("big")), 0, "lockstat_no_big");
    for (uint32_t i = 0; i + 1 < lockstat()->nslots; i++)
        others += growth(i);
    if (is_big)
        CHECK_EQ(others, 0, "lockstat_big_is_alone");
    if (lockstat()->mode != LOCKSTAT_FULL)
        return;
    CHECK_EQ(now.section[SYS_null].count - before.section[SYS_null].count, CALLS,
             "lockstat_counts_calls");
    CHECK(now.section[SYS_null].longest != 0, "lockstat_longest_way");
    if (is_big)
        CHECK_EQ(growth(slot_of("big")), entries(), "lockstat_big_once_an_entry");
}

static int server(void *arg)
{
    struct ipc_msg msg;
    int32_t from = ipc_recv(&msg);

    (void)arg;
    while (from > 0 && msg.w[0] != LABEL_END)
        from = ipc_reply_recv(ipc_sender(from), &msg);
    return 0;
}

/* Locks that `rounds` round trips take, least of some tries. */
static uint32_t locks_of(envid_t partner, uint32_t slot)
{
    uint32_t least = UINT32_MAX;

    for (uint32_t try = 0; try < TRIES; try++) {
        lockstat_read(0, &before);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            struct ipc_msg msg = {.w = {0}};

            if (ipc_call(partner, &msg) <= 0)
                return UINT32_MAX;
        }
        lockstat_read(0, &now);
        if (growth(slot) < least)
            least = growth(slot);
    }
    return least;
}

static void check_round_trip(void)
{
    bool is_big = strcmp(sysinfo()->granularity, "big") == 0;
    struct ipc_msg end = {.w = {LABEL_END}};
    envid_t partner = test_thread_start(0, server, NULL);

    if (!CHECK_OK(partner, "lockstat_partner"))
        return;
    /* An env lock for each message, one to look for mail; or two entries. The slow path takes more. */
    uint32_t locks = locks_of(partner, slot_of(is_big ? "big" : "env"));

    printf("# %u locks in %u round trips\n", locks, ROUNDS);
    if (is_big)
        CHECK_EQ(locks, 2 * ROUNDS, "lockstat_round_trip");
    else if (GRAIN_FASTPATH)
        CHECK_EQ(locks, 3 * ROUNDS, "lockstat_round_trip");
    else
        CHECK(locks >= 3 * ROUNDS && locks <= 8 * ROUNDS, "lockstat_round_trip");
    CHECK_OK(ipc_send(partner, &end), "lockstat_partner_end");
    CHECK_OK(thread_join(partner, NULL), "lockstat_partner_join");
}

/* Every acquisition has been released, and is booked at its place and in a bucket. */
static void check_sums(void)
{
    uint32_t acquisitions = 0;
    uint32_t holds = 0;
    uint32_t contended = 0;
    uint32_t waits = 0;
    uint32_t at_sites;

    lockstat_read(0, &now);
    at_sites = now.sites_lost;
    for (uint32_t slot = 0; slot < lockstat()->nslots; slot++) {
        const struct lockstat_slot *s = &now.slot[slot];

        acquisitions += s->acquisitions;
        contended += s->contended;
        for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++) {
            holds += s->hold[i];
            waits += s->wait[i];
        }
    }
    for (uint32_t i = 0; i < LOCKSTAT_SITES; i++)
        at_sites += now.site[i].acquisitions;
    CHECK(acquisitions != 0, "lockstat_acquisitions");
    CHECK_EQ(waits, contended, "lockstat_wait_buckets");
    if (lockstat()->mode == LOCKSTAT_FULL) {
        CHECK_EQ(holds, acquisitions, "lockstat_hold_buckets");
        CHECK_EQ(at_sites, acquisitions, "lockstat_sites");
    }
}

int main(void)
{
    if (lockstat() == NULL) {
        TEST_SKIP("lockstat", "this kernel keeps no statistics");
        return test_status();
    }
    check_window();
    if (CHECK_OK(test_pin(0, 0), "lockstat_pin")) {
        check_calls();
        check_round_trip();
        check_sums();
    }
    return test_status();
}
