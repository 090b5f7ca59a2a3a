/* A storm: sixteen envs, threads of one address space and address spaces of their own, on all CPUs, do
 * every kind of ipc with each other, while one of them is killed and started anew, stopped and
 * aborted, or moved to another CPU now and then.
 *
 * Each message carries its number among those of its sender to its receiver. A send that returns an
 * error of the send phase was not sent, any other was: so the numbers that a receiver sees from one
 * sender have no gap and no repetition, or the kernel has lost or doubled a message. In the end not a
 * frame and not an env is missing. seed=N, ops=N. */
#include <stdlib.h>

#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define ENVS      16u
#define THREADS   8u /* the first so many */
#define OPS       12000u
#define SHARED    0x60000000u
#define SRC       0x61000000u /* one page an env, to send */
#define WIN       0x62000000u /* and four to receive into */
#define WIN_PAGES 4u
#define STORM_US  20000000u
#define HANG_US   60000000u

#define KIND_SEND 1u
#define KIND_CALL 2u

enum violation {
    FINE,
    MESSAGE_OF_STRANGER, /* not from one of us, or not what it says */
    MESSAGE_LOST,
    MESSAGE_TWICE,
    ANSWER_WRONG,
    PAGE_WRONG,
    ERROR_WRONG,
};

struct party {
    volatile envid_t id;
    volatile uint32_t ops, sent, received, answered, bits;
    volatile uint32_t violation, detail;
};

struct shared {
    volatile bool over;
    struct party parties[ENVS];
};

static struct shared *const shared = (struct shared *)SHARED;

/* What one env knows of another: the last message's number each way. */
struct peer {
    envid_t sent_to;
    uint32_t sent;
    envid_t got_from;
    uint32_t got;
};

struct actor {
    uint32_t number;
    uint32_t seed;
    envid_t client; /* who waits for an answer; 0: nobody */
    uint32_t client_label;
    struct peer peers[ENVS];
};

static void complain(const struct actor *self, enum violation what, uint32_t detail)
{
    struct party *party = &shared->parties[self->number];

    if (party->violation == FINE) {
        party->detail = detail;
        party->violation = what;
    }
}

static uint32_t random_us(struct actor *self)
{
    static const uint32_t choices[] = {0, 20, 100, 400, 2000};

    return choices[rand_below(&self->seed, 5)];
}

static struct peer *peer_for(struct actor *self, uint32_t number, envid_t id)
{
    struct peer *peer = &self->peers[number];

    if (peer->sent_to != id) {
        peer->sent_to = id;
        peer->sent = 0;
    }
    return peer;
}

/* A message came: is it the next one of its sender? */
static void take(struct actor *self, int32_t result, const struct ipc_msg *msg)
{
    uint32_t number = msg->w[1];
    envid_t from = ipc_sender(result);
    struct peer *peer;

    shared->parties[self->number].received++;
    if (number >= ENVS || (msg->w[0] != KIND_SEND && msg->w[0] != KIND_CALL)) {
        complain(self, MESSAGE_OF_STRANGER, msg->w[0]);
        return;
    }
    peer = &self->peers[number];
    if (peer->got_from != from) {
        peer->got_from = from;
        peer->got = 0;
    }
    if (msg->w[2] != peer->got + 1)
        complain(self, msg->w[2] > peer->got ? MESSAGE_LOST : MESSAGE_TWICE, msg->w[2]);
    peer->got = msg->w[2];
    if (ipc_has_extra(result) && utcb()->got_pages != 0 &&
        *(volatile uint32_t *)utcb()->win_va >> 24 != number)
        complain(self, PAGE_WRONG, msg->w[3]);
    if (msg->w[0] == KIND_CALL) {
        self->client = from;
        self->client_label = msg->w[2];
    }
}

/* Errors that can be, whatever the others do. */
static bool error_is_possible(int32_t result)
{
    return result == -E_TIMEOUT || result == -E_IPC_NOT_RECV || result == -E_BAD_ENV ||
           result == -E_DEAD || result == -E_ABORTED || result == -E_MSG_SIZE;
}

static void check_error(const struct actor *self, int32_t result)
{
    if (result < 0 && !error_is_possible(result))
        complain(self, ERROR_WRONG, (uint32_t)-result);
}

/* What goes along: words, a page, or nothing. The page is this env's, and says so; the
 * rest of it may have changed before the receiver looks. */
static uint32_t random_load(struct actor *self, uint32_t mark)
{
    uint32_t va = SRC + self->number * PAGE_SIZE;

    if (rand_below(&self->seed, 4) == 0) {
        *(volatile uint32_t *)va = mark;
        ipc_set_pages(va, rand_below(&self->seed, 16) == 0 ? 0 : 1, PERM_R);
        return utcb()->send_pages == 0 ? 0 : IPC_PAGES;
    }
    return IPC_SEND_WORDS(rand_below(&self->seed, IPC_WORDS_MAX + 1));
}

static uint32_t random_window(struct actor *self)
{
    uint32_t pages = rand_below(&self->seed, WIN_PAGES + 1);

    ipc_set_window(WIN + self->number * WIN_PAGES * PAGE_SIZE, pages);
    return pages == 0 ? 0 : IPC_WINDOW;
}

static void send(struct actor *self, uint32_t flags)
{
    uint32_t number = rand_below(&self->seed, ENVS);
    envid_t to = shared->parties[number].id;
    struct peer *peer = peer_for(self, number, to);
    uint32_t mark = self->number << 24 | (peer->sent & 0xffffffu);
    struct ipc_msg msg = {
        .w = {flags & IPC_RECV ? KIND_CALL : KIND_SEND, self->number, peer->sent + 1, mark}};
    int32_t result;

    if (number == self->number)
        return;
    ipc_set_timeouts(random_us(self), 200 + random_us(self));
    flags |= IPC_TIMED | random_load(self, mark);
    if (flags & IPC_RECV)
        flags |= random_window(self);
    result = ipc(flags, to, &msg);
    check_error(self, result);
    if (result >= 0 || utcb()->ipc_phase == IPC_PHASE_RECV) {
        peer->sent++;
        shared->parties[self->number].sent++;
    }
    if (!(flags & IPC_RECV) || result <= 0)
        return;
    /* An answer, or a message that the callee happened to send to us. */
    if (msg.w[0] == KIND_SEND || msg.w[0] == KIND_CALL)
        take(self, result, &msg);
    else if (ipc_sender(result) != to || msg.w[0] != ~peer->sent)
        complain(self, ANSWER_WRONG, msg.w[0]);
    else
        shared->parties[self->number].answered++;
}

static void receive(struct actor *self, uint32_t flags)
{
    envid_t from = flags & IPC_CLOSED ? shared->parties[rand_below(&self->seed, ENVS)].id : 0;
    struct ipc_msg msg = {.w = {~self->client_label, self->number}};
    int32_t result;

    if (flags & IPC_REPLY && self->client == 0)
        return;
    if (flags & IPC_REPLY) {
        from = self->client;
        self->client = 0;
    }
    ipc_set_timeouts(0, random_us(self));
    flags |= IPC_TIMED;
    if (flags & IPC_RECV)
        flags |= random_window(self);
    result = rand_below(&self->seed, 4) == 0 ? ipc_int(flags, from, &msg) : ipc(flags, from, &msg);
    check_error(self, result);
    /* The answer to a call that has timed out comes to a closed receive, too. */
    if (result > 0 && !((flags & IPC_CLOSED) != 0 && (int32_t)msg.w[0] < 0))
        take(self, result, &msg);
    else if (result == 0 && flags & IPC_RECV)
        shared->parties[self->number].bits |= msg.w[0];
}

static void act(struct actor *self)
{
    switch (rand_below(&self->seed, 12)) {
    case 0:
    case 1:
        send(self, IPC_OP_SEND);
        break;
    case 2:
        send(self, IPC_OP_SEND | IPC_TRY);
        break;
    case 3:
    case 4:
        send(self, IPC_OP_CALL);
        break;
    case 5:
        receive(self, IPC_OP_RECV | IPC_CLOSED);
        break;
    case 6:
        (void)!notify(shared->parties[rand_below(&self->seed, ENVS)].id, 1u << self->number);
        break;
    case 7:
        receive(self, IPC_SEND | IPC_REPLY);
        break;
    case 8:
    case 9:
        receive(self, IPC_OP_REPLY_RECV);
        break;
    default:
        receive(self, IPC_OP_RECV);
        break;
    }
    shared->parties[self->number].ops++;
}

static int actor_main(void *arg)
{
    uint32_t start = (uint32_t)(uintptr_t)arg;
    struct actor self = {.number = start % ENVS, .seed = start};
    struct ipc_msg go;

    if (ipc_recv_from(env_record(env_self())->controller, &go) <= 0)
        return 1;
    while (!shared->over)
        act(&self);
    return 0;
}

/* The director's side. */

static uint32_t seed;

/* In its own address space an actor gets the shared page, and a page to send. */
static bool provide(envid_t id, uint32_t number)
{
    uint32_t page = SRC + number * PAGE_SIZE;

    if (number < THREADS)
        return true;
    return page_map(0, SHARED, id, SHARED | PERM_RW, 1) == 0 &&
           page_alloc(id, page, 1, PERM_RW) == 0;
}

static bool actor_start(uint32_t number)
{
    struct party *party = &shared->parties[number];
    struct ipc_msg go = {.w = {0}};
    void *arg = (void *)(uintptr_t)(rand_below(&seed, 0x100000) * ENVS + number);
    uint32_t cpu = rand_below(&seed, 4) == 0 ? SCHED_ANY_CPU : rand_below(&seed, test_cpus());
    envid_t id =
        number < THREADS ? thread_create(actor_main, arg) : test_child_start(actor_main, arg);

    if (id <= 0)
        return false;
    party->id = id;
    return provide(id, number) && test_pin(id, cpu) == 0 && ipc_send(id, &go) == 0;
}

static void actor_kill(uint32_t number)
{
    if (number < THREADS)
        thread_kill(shared->parties[number].id);
    else
        process_kill(shared->parties[number].id);
}

static uint32_t total_ops(void)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < ENVS; i++)
        total += shared->parties[i].ops;
    return total;
}

/* One thing that happens to one of them. */
static bool disturb(void)
{
    uint32_t number = rand_below(&seed, ENVS);
    envid_t id = shared->parties[number].id;

    switch (rand_below(&seed, 4)) {
    case 0:
        actor_kill(number);
        return actor_start(number);
    case 1:
        return env_stop(id, ENV_STOP_ABORT) == 0 && env_start(id) == 0;
    case 2:
        return env_stop(id, 0) == 0 && env_start(id) == 0;
    default:
        return test_pin(id, rand_below(&seed, test_cpus())) == 0;
    }
}

/* Until so many operations are done, or for STORM_US where a slow machine gives no more; a disturbance
 * every hundred operations. */
static bool direct(uint32_t ops)
{
    uint64_t over = time_us() + STORM_US;
    uint64_t end = time_us() + HANG_US;
    uint32_t disturbed = 0;
    uint32_t done = 0;

    while (done < ops && time_us() < over) {
        uint32_t now = total_ops();

        if (now != done)
            end = time_us() + HANG_US;
        else if (time_us() > end)
            return TEST_FAIL("ipc_storm_hangs", "%u operations", done);
        done = now;
        if (done / 100 <= disturbed) {
            (void)notify_wait_us(0, 300);
            continue;
        }
        disturbed++;
        if (!disturb())
            return TEST_FAIL("ipc_storm_disturb", "number %u", disturbed);
    }
    return true;
}

static bool actors_join(void)
{
    bool good = true;

    shared->over = true;
    for (uint32_t i = 0; i < ENVS; i++) {
        struct env_death death = {.cause = 0};
        envid_t id = shared->parties[i].id;
        int result = i < THREADS ? thread_join(id, &death) : process_wait(id, &death);

        good = result == 0 && death.cause == ENV_EXITED && death.status == 0 && good;
    }
    return good;
}

static bool violations_are_none(void)
{
    bool none = true;

    for (uint32_t i = 0; i < ENVS; i++) {
        const struct party *party = &shared->parties[i];

        if (party->violation != FINE)
            none = TEST_FAIL("ipc_storm_party", "%u: violation %u, detail 0x%x", i,
                             party->violation, party->detail);
    }
    return none;
}

/* A storm in which nothing is received says nothing. */
static bool everything_happened(void)
{
    uint32_t sent = 0;
    uint32_t received = 0;
    uint32_t answered = 0;

    for (uint32_t i = 0; i < ENVS; i++) {
        sent += shared->parties[i].sent;
        received += shared->parties[i].received;
        answered += shared->parties[i].answered;
    }
    return (sent != 0 && received != 0 && answered != 0) ||
           TEST_FAIL("ipc_storm_idle", "%u sent, %u received, %u answered", sent, received,
                     answered);
}

static bool storm(uint32_t ops)
{
    bool good = page_alloc(0, SHARED, 1, PERM_RW) == 0 && page_alloc(0, SRC, THREADS, PERM_RW) == 0;

    for (uint32_t i = 0; i < ENVS; i++)
        good = good && actor_start(i);
    good = good && direct(ops);
    good = actors_join() && good;
    good = violations_are_none() && good;
    good = everything_happened() && good;
    good = page_unmap(0, WIN, ENVS * WIN_PAGES) == 0 && good;
    return page_unmap(0, SHARED, 1) == 0 && page_unmap(0, SRC, THREADS) == 0 && good;
}

int main(int argc, char **argv)
{
    struct kernel_counters before;
    struct kernel_counters after;

    seed = test_option(argc, argv, "seed", 1);
    CHECK(storm(1000), "ipc_storm_warm_up");
    kernel_info(&before);
    CHECK(storm(test_option(argc, argv, "ops", OPS)), "ipc_storm");
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, "ipc_storm_frames");
    CHECK_EQ(after.envs, before.envs, "ipc_storm_envs");
    CHECK_EQ(after.aspaces, before.aspaces, "ipc_storm_aspaces");
    return test_status();
}
