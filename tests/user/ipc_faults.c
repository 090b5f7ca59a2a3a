/* Page faults as messages to a pager, whose answer brings the page. */
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define AREA              (AGENT_PLACE + 0x1000000u) /* paged */
#define SOURCE            (AGENT_PLACE + 0x2000000u) /* where pagers make pages, one each */
#define PAGES             200u
#define FAULTERS          3u
#define WORKERS           3u
#define VECTOR_PAGE_FAULT 14u
#define FAULT_WRITE       2u
#define LABEL_END         0x12345u

static struct agent agents[2];
#define A (&agents[0]) /* the pager */
#define B (&agents[1]) /* who faults */

static void touch(enum agent_what what, uint32_t va, uint32_t value)
{
    struct agent_order order = {.what = what, .w = {va, value}};

    agent_order(B, &order);
}

/* A has received the fault of B at va. */
static bool fault_is(uint32_t va, uint32_t error)
{
    const struct agent_outcome *outcome = agent_outcome(A);

    return outcome != NULL && outcome->result == B->id && IPC_FAULT_IS(outcome->w[0]) &&
           IPC_FAULT_VECTOR(outcome->w[0]) == VECTOR_PAGE_FAULT &&
           (IPC_FAULT_ERROR(outcome->w[0]) & FAULT_WRITE) == error && outcome->w[1] == va &&
           outcome->w[2] != 0 && outcome->w[3] == 0;
}

static struct agent_order answer(uint32_t label, uint32_t pages, uint32_t perm)
{
    return (struct agent_order){.what = ipc_variant->by_int ? AGENT_IPC_INT : AGENT_IPC,
                                .flags = IPC_SEND | IPC_REPLY | (pages != 0 ? IPC_PAGES : 0),
                                .partner = B->id,
                                .w = {label},
                                .send_va = SOURCE,
                                .send_pages = pages,
                                .send_perm = perm};
}

static bool wait_for_fault(bool pager_first, enum agent_what what, uint32_t va, uint32_t value)
{
    bool good = true;

    if (pager_first) {
        ipc_start(A, IPC_OP_RECV, 0, 0);
        good = agent_is_blocked(A);
    }
    touch(what, va, value);
    if (!pager_first) {
        good = agent_is_blocked(B);
        ipc_start(A, IPC_OP_RECV, 0, 0);
    }
    return good;
}

/* A read and a write of a page that is not there, and a write of one that is read-only. */
static void check_resume(bool pager_first)
{
    struct agent_order reply = answer(FAULT_RESUME, 2, PERM_R);
    uint32_t *page = (uint32_t *)SOURCE;

    CHECK_OK(page_alloc(0, SOURCE, 2, PERM_RW), ID("ipc_faults_source"));
    page[1] = 0x600d;
    CHECK(A->is_process ? page_map(0, SOURCE, A->id, SOURCE | PERM_RW, 2) == 0 : true,
          ID("ipc_faults_source_shared"));
    CHECK(wait_for_fault(pager_first, AGENT_READ, AREA + 4, 0) && fault_is(AREA + 4, 0),
          ID("ipc_faults_read"));
    CHECK(agent_is_blocked(B), ID("ipc_faults_waits"));
    CHECK_EQ(agent_do(A, &reply), 0, ID("ipc_faults_reply"));
    CHECK_EQ(agent_result(B), 0x600d, ID("ipc_faults_read_resumes"));
    CHECK(wait_for_fault(pager_first, AGENT_WRITE, AREA + 8, 5) && fault_is(AREA + 8, FAULT_WRITE),
          ID("ipc_faults_write_read_only"));
    reply = answer(FAULT_RESUME, 1, PERM_RW);
    CHECK_EQ(agent_do(A, &reply), 0, ID("ipc_faults_write_reply"));
    CHECK(agent_result(B) == 0 && page[2] == 5, ID("ipc_faults_write_resumes"));
    CHECK_OK(page_unmap(B->id, AREA, 2), ID("ipc_faults_area_unmap"));
    CHECK(page_unmap(0, SOURCE, 2) == 0 && page_unmap(A->id, SOURCE, 2) == 0,
          ID("ipc_faults_source_unmap"));
}

/* A resume without a page faults again; a plain message is no answer. */
static void check_again(void)
{
    struct agent_order resume = answer(FAULT_RESUME, 0, 0);

    CHECK(wait_for_fault(true, AGENT_READ, AREA, 0) && fault_is(AREA, 0), ID("ipc_faults_first"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 1), E_IPC_NOT_RECV,
                ID("ipc_faults_send_is_no_answer"));
    CHECK_EQ(agent_do(A, &resume), 0, ID("ipc_faults_resume_without_page"));
    ipc_start(A, IPC_OP_RECV, 0, 0);
    CHECK(fault_is(AREA, 0), ID("ipc_faults_again"));
    /* Stopped and its fault cancelled, it faults again when it is started. */
    CHECK(agent_is_blocked(B) && env_stop(B->id, ENV_STOP_ABORT) == 0, ID("ipc_faults_stop"));
    ipc_start(A, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(A) && env_start(B->id) == 0, ID("ipc_faults_start"));
    CHECK(fault_is(AREA, 0) && agent_is_blocked(B), ID("ipc_faults_after_start"));
}

/* The pager refuses: the env ends, of its fault. */
static void check_refused(void)
{
    struct agent_order refuse = answer(1, 0, 0);
    struct env_death death = {.cause = 0};
    int result;

    CHECK_EQ(agent_do(A, &refuse), 0, ID("ipc_faults_refuse"));
    result = B->is_process ? process_wait(B->id, &death) : thread_join(B->id, &death);
    CHECK(result == 0 && death.cause == ENV_FAULTED && death.vector == VECTOR_PAGE_FAULT &&
              death.address == AREA,
          ID("ipc_faults_refused"));
}

static void check_variant(const struct ipc_variant *which)
{
    ipc_variant = which;
    if (!ipc_agents_start(which, agents, 2))
        return;
    CHECK_OK(env_set_pager(B->id, A->id), ID("ipc_faults_set_pager"));
    check_resume(true);
    check_resume(false);
    check_again();
    check_refused();
    ipc_agents_end(agents, 2);
}

/* Many faults of several envs on several CPUs, resolved by several workers at one mailbox. */
static envid_t pager_box;
static volatile uint32_t pagers_up;

static uint32_t content(uint32_t va)
{
    return va * 0x9e3779b9u + 1;
}

static int pager_worker(void *arg)
{
    uint32_t source = SOURCE + (uint32_t)(uintptr_t)arg * PAGE_SIZE;
    struct ipc_msg msg = {.w = {0}};
    int32_t from = 0;

    if (env_attach(pager_box) != 0)
        return 1;
    __atomic_fetch_add(&pagers_up, 1, __ATOMIC_SEQ_CST);
    from = ipc_recv(&msg);
    while (from > 0 && IPC_FAULT_IS(msg.w[0])) {
        uint32_t va = msg.w[1] & ~PAGE_MASK;

        if (page_alloc(0, source, 1, PERM_RW) != 0)
            return 2;
        *(uint32_t *)source = content(va);
        ipc_set_pages(source, 1, PERM_RW | IPC_MOVE);
        msg = (struct ipc_msg){.w = {FAULT_RESUME}};
        from = ipc(IPC_OP_REPLY_RECV | IPC_PAGES, ipc_sender(from), &msg);
    }
    return msg.w[0] == LABEL_END ? 0 : 3;
}

static int faulter(void *arg)
{
    uint32_t step = (uint32_t)(uintptr_t)arg * 2 + 1;
    struct ipc_msg go;

    if (ipc_recv(&go) <= 0)
        return 1;
    for (uint32_t i = 0; i < PAGES; i++) {
        uint32_t va = AREA + i * step % PAGES * PAGE_SIZE;

        if (*(volatile uint32_t *)va != content(va))
            return 2;
    }
    return 0;
}

static int box_main(void *arg)
{
    while (*(volatile uint32_t *)arg == 0)
        sleep_us(1000);
    return 0;
}

static bool join_good(envid_t id, bool is_process)
{
    struct env_death death = {.cause = 0};
    int result = is_process ? process_wait(id, &death) : thread_join(id, &death);

    return result == 0 && death.cause == ENV_EXITED && death.status == 0;
}

/* All are there before the first of them faults: to copy an address space in which others make and move
 * pages could not go well. */
static bool start_faulters(envid_t ids[FAULTERS])
{
    bool good = true;

    for (uint32_t i = 0; i < FAULTERS; i++) {
        ids[i] = test_child_start(faulter, (void *)(uintptr_t)i);
        good = ids[i] > 0 && test_pin(ids[i], (i + 1) % test_cpus()) == 0 && good;
        good = env_set_pager(ids[i], pager_box) == 0 && good;
    }
    for (uint32_t i = 0; i < FAULTERS; i++) {
        struct ipc_msg go = {.w = {1}};

        good = ipc_send(ids[i], &go) == 0 && good;
    }
    return good;
}

/* The owner of the mailbox takes no messages itself. */
static void check_workers(void)
{
    static volatile uint32_t over;
    envid_t workers[WORKERS];
    envid_t faulters[FAULTERS];
    bool good = true;

    pager_box = test_thread_start(0, box_main, (void *)(uintptr_t)&over);
    for (uint32_t i = 0; i < WORKERS; i++)
        workers[i] = test_thread_start(i % test_cpus(), pager_worker, (void *)(uintptr_t)i);
    while (pagers_up != WORKERS)
        sleep_us(200);
    CHECK(start_faulters(faulters), "ipc_faults_workers_start");
    for (uint32_t i = 0; i < FAULTERS; i++)
        good = join_good(faulters[i], true) && good;
    CHECK(good, "ipc_faults_workers");
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct ipc_msg end = {.w = {LABEL_END}};

        good = ipc_send(pager_box, &end) == 0 && good;
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        good = join_good(workers[i], false) && good;
    over = 1;
    good = join_good(pager_box, false) && good;
    CHECK(good, "ipc_faults_workers_end");
}

int main(void)
{
    struct kernel_counters before;
    struct kernel_counters after;

    if (!CHECK_OK(test_pin(0, 0), "ipc_faults_pin"))
        return test_status();
    kernel_info(&before);
    ipc_variants_run("ipc_faults", check_variant);
    check_workers();
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, "ipc_faults_frames_equal");
    CHECK_EQ(after.envs, before.envs, "ipc_faults_envs_equal");
    return test_status();
}
