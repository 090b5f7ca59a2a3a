/* Random messages to all servers of the system, from several processes at once, of which some are killed over it. Meanwhile
 * and afterwards the servers do what they are for, and at the end nothing is left behind.
 *
 *   fuzz_messages [seed=N] [rounds=N] [calls=N]      messages of each client
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bootfs.h"
#include "abi/console.h"
#include "abi/init.h"
#include "grain/debug.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/windows.h"
#include "tests/system/system.h"

#define CLIENTS     4u
#define ARENA_PAGES 8u
#define SEND_US     2000000u
#define NEWLINES    0x0a0a0a0au

static uint32_t calls_each;
static uintptr_t arena; /* of a client: some pages of its own */

/* Shared by all clients: how often each server was sent something, and answered. */
static struct tally {
    uint32_t sent[5];
    uint32_t answered[5];
    uint32_t good[5];
} * tally;

static envid_t server_ids(uint32_t which)
{
    const envid_t ids[] = {process_servers.pager, process_servers.proc, process_servers.bootfs,
                           process_servers.console, process_servers.init};

    return ids[which];
}

/* ---- A client. ---- */

static uint32_t random_word(uint32_t *state)
{
    static const uint32_t corners[] = {0,          1,          0xffffffff,  0x80000000,
                                       0x7fffffff, USER_TEXT,  USER_TOP,    USER_TOP - PAGE_SIZE,
                                       PAGE_SIZE,  0x10000000, KERNEL_BASE, THIS_UTCB};

    switch (rand_below(state, 5)) {
    case 0:
        return corners[rand_below(state, sizeof(corners) / sizeof(corners[0]))];
    case 1:
        return rand_below(state, 64);
    case 2: /* an env, anybody's */
        return (uint32_t)env_record((envid_t)rand_below(state, 48))->id;
    case 3:
        return arena + rand_below(state, ARENA_PAGES) * PAGE_SIZE;
    default:
        return rand_r(state);
    }
}

/* What would end the servers because the test is allowed to, or a client, and text that would spoil our report. */
static void make_harmless(uint32_t *state, struct ipc_msg *msg)
{
    if (msg->w[0] == INIT_KILL)
        msg->w[0] = INIT_SERVER;
    /* Or few clients would get far. */
    if ((msg->w[0] == PROC_EXIT || msg->w[0] == PROC_THREAD_EXIT || msg->w[0] == PROC_EXEC ||
         msg->w[0] == PROC_KILL || msg->w[0] == PROC_THREAD) &&
        rand_below(state, 8) != 0)
        msg->w[0] = PROC_GETPID;
    if (SERVER_OF(msg->w[0]) != SERVER_CONSOLE)
        return;
    for (uint32_t w = 0; w < IPC_WORDS_MAX; w++)
        utcb()->words[w] = NEWLINES;
    if (msg->w[0] == CONSOLE_WRITE && msg->w[1] <= CONSOLE_BYTES_MAX)
        msg->w[1] = rand_below(state, 3);
    if (msg->w[0] == CONSOLE_READ && rand_below(state, 4) != 0)
        msg->w[2] = rand_below(state, 5); /* milliseconds */
}

static void fill_words(uint32_t *state)
{
    static const char *const names[] = {"README.md", "system_child", "", "/", "no such file", "sh"};

    for (uint32_t w = 0; w < IPC_WORDS_MAX; w++)
        utcb()->words[w] = random_word(state);
    if (rand_below(state, 3) == 0)
        (void)server_put_string(names[rand_below(state, 6)]);
}

/* A page of arguments as for a spawn, right or not. */
static void fill_page(uint32_t *state)
{
    struct proc_args *args = (struct proc_args *)arena;
    static const char good[] = "system_child\0system_child\0status\0"
                               "5";

    if (page_perm(arena) != PERM_RW)
        return;
    *args = (struct proc_args){.bytes = sizeof(good), .argc = 3, .envc = 0};
    memcpy(args + 1, good, sizeof(good));
    if (rand_below(state, 2) == 0)
        ((uint32_t *)arena)[rand_below(state, 12)] = random_word(state);
}

static uint32_t make_pages(uint32_t *state)
{
    uint32_t place = rand_below(state, 3);
    uint32_t va = place == 0 ? USER_TEXT : place == 1 ? arena : random_word(state);
    uint32_t perm = rand_below(state, 4) == 0 ? random_word(state) : place == 0 ? PERM_R : PERM_RW;

    fill_page(state);
    ipc_set_pages(va, rand_below(state, 6), perm | (rand_below(state, 8) == 0 ? IPC_MOVE : 0));
    return IPC_PAGES;
}

static uint32_t make_flags(uint32_t *state)
{
    static const uint32_t operations[] = {IPC_OP_CALL, IPC_OP_CALL,           IPC_OP_CALL,
                                          IPC_OP_SEND, IPC_OP_SEND | IPC_TRY, IPC_SEND | IPC_REPLY};
    uint32_t flags = operations[rand_below(state, 6)] | IPC_TIMED |
                     IPC_SEND_WORDS(rand_below(state, IPC_WORDS_MAX + 1));

    ipc_set_timeouts(rand_below(state, 4) == 0 ? 200 : SEND_US,
                     rand_below(state, 2) == 0 ? 200 : 20000);
    if (rand_below(state, 3) == 0)
        flags |= make_pages(state);
    if (flags & IPC_RECV && rand_below(state, 3) == 0) {
        ipc_set_window(random_word(state) & ~PAGE_MASK, rand_below(state, 20));
        flags |= IPC_WINDOW;
    }
    return flags;
}

static int client(uintptr_t seed)
{
    /* One more than each server has. */
    static const uint32_t ops[] = {(PAGER_OP_END & 0xff) + 1, (PROC_OP_END & 0xff) + 1,
                                   (BOOTFS_LIST & 0xff) + 2, (CONSOLE_SET_FOREGROUND & 0xff) + 2,
                                   (INIT_BOOT_TIME & 0xff) + 2};
    uint32_t state = (uint32_t)seed;

    if (memory_map(&arena, ARENA_PAGES * PAGE_SIZE, PERM_RW) < 0)
        return 1;
    for (uint32_t i = 0; i < calls_each; i++) {
        uint32_t which = rand_below(&state, 5);
        struct ipc_msg msg;

        *(volatile uint32_t *)(arena + rand_below(&state, ARENA_PAGES) * PAGE_SIZE) = i;
        for (uint32_t w = 0; w < 4; w++)
            msg.w[w] = random_word(&state);
        fill_words(&state);
        if (rand_below(&state, 10) != 0)
            msg.w[0] = SERVER_OP(which + 1, rand_below(&state, ops[which]));
        make_harmless(&state, &msg);
        uint32_t flags = make_flags(&state);
        int32_t result = ipc(flags, server_ids(which), &msg);

        __atomic_fetch_add(&tally->sent[which], 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&tally->answered[which], result > 0, __ATOMIC_RELAXED);
        __atomic_fetch_add(&tally->good[which], result > 0 && msg.w[0] == 0, __ATOMIC_RELAXED);
        if (rand_below(&state, 16) == 0)
            (void)!notify(server_ids(rand_below(&state, 4)), rand_r(&state));
    }
    return 0;
}

/* ---- The order of things. ---- */

/* Ends all that clients have started and left behind: what came after us. */
static void kill_later(void)
{
    pid_t self = getpid();
    struct proc_info info;
    pid_t pid = self;

    while ((pid = process_list(pid + 1, &info)) > 0)
        (void)!kill(pid);
}

static bool run_round(uint32_t *state)
{
    pid_t pids[CLIENTS];
    bool good = true;

    for (uint32_t i = 0; i < CLIENTS; i++)
        pids[i] = child_start(client, rand_r(state) | 1);
    good = system_works();
    if (!good)
        printf("# the good client was not served meanwhile\n");
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (rand_below(state, 3) == 0) {
            sleep_us(rand_below(state, 20000));
            (void)!kill(pids[i]);
        }
        (void)!child_end(pids[i]);
    }
    kill_later();
    if (debug_check(NULL) == -E_FAULT) {
        printf("# the kernel's log says what its check has found\n");
        good = false;
    }
    return good;
}

/* All were reached; how they liked it is for people to look at. */
static void check_tally(uint32_t seed)
{
    static const char *const names[] = {"pager", "proc", "bootfs", "console", "init"};
    bool all = true;

    for (uint32_t i = 0; i < 5; i++) {
        printf("# seed %u: %s got %u messages, answered %u, %u without an error\n", seed, names[i],
               tally->sent[i], tally->answered[i], tally->good[i]);
        all = all && tally->answered[i] != 0;
    }
    CHECK(all, "fuzz_messages_answered");
}

static bool make_tally(void)
{
    uint32_t key;
    uintptr_t va = 0;
    size_t bytes;

    if (shared_create(PAGE_SIZE, &key) < 0 || shared_attach(key, PERM_RW, &va, &bytes) < 0)
        return false;
    tally = (struct tally *)va;
    tally->sent[0] = 0; /* it has its page before the frames are counted */
    return true;
}

int main(int argc, char **argv)
{
    uint32_t seed = test_option(argc, argv, "seed", 1);
    uint32_t rounds = test_option(argc, argv, "rounds", 2);
    uint32_t state = seed * 2654435761u;
    struct kernel_counters before;
    bool good = true;

    calls_each = test_option(argc, argv, "calls", 250);
    if (!CHECK(make_tally(), "fuzz_messages_tally") ||
        !CHECK(system_works(), "fuzz_messages_before"))
        return test_status();
    before = counts_settled();
    for (uint32_t i = 0; i < rounds && good; i++)
        good = run_round(&state);
    printf("\n");
    CHECK(good, "fuzz_messages_meanwhile");
    check_tally(seed);
    CHECK(system_works(), "fuzz_messages_after");
    CHECK(test_counts_settle(&before), "fuzz_messages_nothing_lost");
    return test_status();
}
