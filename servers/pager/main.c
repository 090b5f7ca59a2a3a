/* The pager's workers, their message loop, and the table of calls. */
#include "servers/pager/pager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/notify.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"

#define WORKER_BIT(index) \
    (1u << (index))  /* in notifications of the first worker, before it serves */
#define START_BIT 1u /* in those of the others */

struct pager_servers servers;
struct pager_stats stats;

/* All but the first; written before any of them serves. */
static envid_t workers[WORKERS_MAX];
static uint32_t nworkers;

/* Who may make a call, and whose space it is about. */
enum caller { FROM_PROC, FROM_PROCESS };

static const struct call {
    pager_handler *handle;
    enum caller caller;
} calls[] = {
    [PAGER_FORK & 0xff] = {process_fork, FROM_PROC},
    [PAGER_CLEAR & 0xff] = {process_clear, FROM_PROC},
    [PAGER_DESTROY & 0xff] = {process_destroy, FROM_PROC},
    [PAGER_THREAD & 0xff] = {process_thread, FROM_PROC},
    [PAGER_UNTHREAD & 0xff] = {process_unthread, FROM_PROC},
    [PAGER_REGION & 0xff] = {process_region, FROM_PROC},
    [PAGER_MAP & 0xff] = {map_map, FROM_PROCESS},
    [PAGER_UNMAP & 0xff] = {map_unmap, FROM_PROCESS},
    [PAGER_BREAK & 0xff] = {map_break, FROM_PROCESS},
    [PAGER_SHARED_CREATE & 0xff] = {shared_make, FROM_PROCESS},
    [PAGER_SHARED_ATTACH & 0xff] = {shared_join, FROM_PROCESS},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

uintptr_t worker_window(void)
{
    return WINDOWS_AREA + utcb_slot() * LOAD_PAGES * PAGE_SIZE;
}

/* ---- Calls without a space. ---- */

static envid_t get(const envid_t *id)
{
    return __atomic_load_n(id, __ATOMIC_RELAXED);
}

static int setup(const struct request *request)
{
    struct process_start start;
    envid_t nobody = 0;

    if (request->words * sizeof(uint32_t) < sizeof(start))
        return -E_INVAL;
    memcpy(&start, utcb()->words, sizeof(start));
    if (start.magic != PROCESS_START_MAGIC)
        return -E_INVAL;
    if (!__atomic_compare_exchange_n(&servers.init, &nobody, request->from, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED) &&
        env_record(nobody)->aspace != env_record(request->from)->aspace)
        return -E_PERM;
    __atomic_store_n(&servers.proc, start.proc, __ATOMIC_RELAXED);
    __atomic_store_n(&servers.bootfs, start.bootfs, __ATOMIC_RELAXED);
    return 0;
}

static int read_stats(struct answer *answer)
{
    memcpy(utcb()->words, &stats, sizeof(stats));
    answer->words = sizeof(stats) / sizeof(uint32_t);
    return 0;
}

/* ---- Calls about a space. ---- */

/* With the gate held: the space may have become another's since it was looked up. */
static int handle(struct space *space, const struct request *request, struct answer *answer)
{
    bool is_fault = IPC_FAULT_IS(request->w[0]);
    const struct call *call = &calls[request->w[0] & 0xff];
    bool from_proc = !is_fault && call->caller == FROM_PROC;

    if (from_proc ? space_find((envid_t)request->w[1]) != space
                  : !space_serves(space, request->from))
        return -E_BAD_ENV;
    return is_fault ? fault_handle(space, request) : call->handle(space, request, answer);
}

static void reply(envid_t to, const struct answer *answer)
{
    struct ipc_msg msg;

    memcpy(msg.w, answer->w, sizeof(msg.w));
    (void)ipc_reply(to, &msg);
}

/* Handles the request, and those that are parked at the gate meanwhile; their answers go out one by one,
 * the last one with the next receive. Returns whom that is for. */
static envid_t handle_all(struct space *space, struct request *request, struct answer *answer)
{
    struct parked *list = NULL;
    struct request next;

    for (;;) {
        answer->w[0] = (uint32_t)handle(space, request, answer);
        if (!space_next(space, &list, &next))
            return request->from;
        reply(request->from, answer);
        *request = next;
        *answer = (struct answer){.words = 0};
    }
}

/* The space that a request is about, or NULL and an error in *error. */
static struct space *find_space(const struct request *request, int *error)
{
    bool is_fault = IPC_FAULT_IS(request->w[0]);
    uint32_t op = request->w[0] & 0xff;

    *error = -E_NO_SYS;
    if (!is_fault &&
        (SERVER_OF(request->w[0]) != SERVER_PAGER || op >= CALLS || calls[op].handle == NULL))
        return NULL;
    *error = -E_BAD_ENV;
    if (is_fault || calls[op].caller == FROM_PROCESS)
        return space_find(request->from);
    if (request->from == get(&servers.proc))
        return space_find((envid_t)request->w[1]);
    *error = -E_PERM;
    return NULL;
}

/* Returns whom the answer is for; 0: nobody now. */
static envid_t dispatch(struct request *request, struct answer *answer)
{
    struct space *space;
    int error;

    if (request->w[0] == PAGER_SETUP)
        error = setup(request);
    else if (request->w[0] == PAGER_STATS)
        error = read_stats(answer);
    else if (request->w[0] == PAGER_CREATE)
        error =
            request->from == get(&servers.proc) ? process_create((envid_t)request->w[1]) : -E_PERM;
    else {
        space = find_space(request, &error);
        if (space != NULL)
            return space_enter(space, request) ? handle_all(space, request, answer) : 0;
    }
    answer->w[0] = (uint32_t)error;
    return request->from;
}

static void read_request(struct request *request, int32_t result, const struct ipc_msg *msg)
{
    request->from = ipc_sender(result);
    memcpy(request->w, msg->w, sizeof(request->w));
    request->words = ipc_has_extra(result) ? utcb()->got_words : 0;
    if (request->words >= PAGES_WORDS_MAX)
        memcpy(&request->region, utcb()->words, sizeof(request->region));
}

/* Anybody may notify us; the kernel does when a worker has died. */
static bool workers_live(void)
{
    for (uint32_t i = 0; i < nworkers; i++) {
        const struct env_public *record = env_record(workers[i]);

        if (record->id != workers[i] || record->status == ENV_DEAD || record->status == ENV_DYING)
            return false;
    }
    return true;
}

static void check_workers(void)
{
    if (!workers_live())
        exit(EXIT_FAILURE); /* init is to see that */
}

/* Workers have one mailbox: who sleeps there takes what is notified, the death of another included. */
void worker_sleep_us(uint32_t us)
{
    sleep_us(us);
    check_workers();
}

static _Noreturn void serve(void)
{
    struct request request;
    struct answer answer = {.words = 0};
    struct ipc_msg msg;
    envid_t client = 0;

    for (;;) {
        memcpy(msg.w, answer.w, sizeof(msg.w));
        int32_t result = ipc(IPC_OP_REPLY_RECV | IPC_SEND_WORDS(answer.words), client, &msg);
        client = 0;
        answer = (struct answer){.words = 0};
        if (result == 0)
            check_workers();
        if (result <= 0)
            continue;
        read_request(&request, result, &msg);
        client = dispatch(&request, &answer);
    }
}

/* ---- Workers. ---- */

static void pin(uint32_t index)
{
    (void)env_set_sched(0, env_record(env_self())->priority, index % sysinfo()->ncpus);
}

static envid_t first_worker;

static int worker(void *arg)
{
    uint32_t index = (uint32_t)(uintptr_t)arg;

    pin(index);
    if (notify(first_worker, WORKER_BIT(index)) < 0)
        return EXIT_FAILURE;
    (void)notify_wait(START_BIT);
    if (env_attach(env_record(env_self())->controller) < 0)
        return EXIT_FAILURE;
    serve();
}

/* One after the other. Nobody serves before all are there: they have their stacks then, and who gets an
 * answer, to PAGER_SETUP first of all, finds the pager as large as it will be. */
static int start_workers(uint32_t wanted)
{
    first_worker = env_self();
    for (uint32_t i = 1; i < wanted; i++) {
        envid_t id = thread_create(worker, (void *)(uintptr_t)i);

        if (id < 0)
            return id;
        workers[nworkers++] = id;
        if (notify_wait(WORKER_BIT(i) | NOTIFY_CHILD) & NOTIFY_CHILD)
            return -E_DEAD;
    }
    for (uint32_t i = 0; i < nworkers; i++) {
        int error = notify(workers[i], START_BIT);

        if (error < 0)
            return error;
    }
    return 0;
}

/* One for each CPU, and two at least: one may wait for bootfs. */
int main(void)
{
    uint32_t wanted = sysinfo()->ncpus < 2 ? 2 : sysinfo()->ncpus;

    if (wanted > WORKERS_MAX)
        wanted = WORKERS_MAX;
    pin(0);
    int error = start_workers(wanted);
    if (error < 0) {
        printf("pager: its workers cannot be started: %s\n", grain_strerror(error));
        return EXIT_FAILURE;
    }
    serve();
}
