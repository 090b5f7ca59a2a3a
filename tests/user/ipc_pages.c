/* Pages in messages: mapped and moved, windows, permissions, and that a failure changes nothing. */
#include "grain/ipc.h"
#include "grain/syscall.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

#define SRC  AGENT_PLACE
#define WIN  (AGENT_PLACE + 0x1000000u)
#define FILL (AGENT_PLACE + 0x4000000u) /* where memory is used up */
#define MAX  IPC_PAGES_MAX

static struct agent agents[2];
#define A (&agents[0])
#define B (&agents[1])

static uint32_t at(uint32_t base, uint32_t page)
{
    return base + page * PAGE_SIZE;
}

static uint32_t perm_at(struct agent *agent, uint32_t va)
{
    struct agent_order order = {.what = AGENT_PERM, .w = {va}};

    return (uint32_t)agent_do(agent, &order);
}

static uint32_t frame_at(struct agent *agent, uint32_t va)
{
    return perm_at(agent, va) != 0 ? agent->page->outcome.frame : 0;
}

static uint32_t read_at(struct agent *agent, uint32_t va)
{
    struct agent_order order = {.what = AGENT_READ, .w = {va}};

    return (uint32_t)agent_do(agent, &order);
}

static bool write_at(struct agent *agent, uint32_t va, uint32_t value)
{
    struct agent_order order = {.what = AGENT_WRITE, .w = {va, value}};

    return agent_do(agent, &order) == 0;
}

/* Pages at SRC of A, each with its own word. */
static bool prepare(uint32_t pages)
{
    bool good = page_alloc(A->id, SRC, pages, PERM_RW) == 0;

    for (uint32_t i = 0; i < pages && good; i++)
        good = write_at(A, at(SRC, i), 0xabc0000 + i);
    return good;
}

static void clear(void)
{
    (void)!page_unmap(A->id, SRC, MAX);
    (void)!page_unmap(B->id, WIN, MAX);
}

static struct agent_order sending(uint32_t flags, uint32_t va, uint32_t pages, uint32_t perm)
{
    struct agent_order order = ipc_order(flags | IPC_PAGES, B->id, pages);

    order.send_va = va;
    order.send_pages = pages;
    order.send_perm = perm;
    return order;
}

static struct agent_order receiving(uint32_t va, uint32_t pages)
{
    struct agent_order order = ipc_order(IPC_OP_RECV | IPC_WINDOW, 0, 0);

    order.win_va = va;
    order.win_pages = pages;
    return order;
}

/* One message with pages; the receiver comes first, or the sender. True: A has sent it. */
static bool exchange(const struct agent_order *send, const struct agent_order *recv,
                     bool receiver_first)
{
    agent_order(receiver_first ? B : A, receiver_first ? recv : send);
    if (!agent_is_blocked(receiver_first ? B : A))
        return false;
    agent_order(receiver_first ? A : B, receiver_first ? send : recv);
    return agent_result(A) == 0;
}

static bool outcome_is(uint32_t pages, uint32_t perm)
{
    const struct agent_outcome *outcome = agent_outcome(B);

    return outcome != NULL && outcome->result > 0 && ipc_sender(outcome->result) == A->id &&
           ipc_has_extra(outcome->result) == (pages != 0) && outcome->got_pages == pages &&
           outcome->got_perm == perm && outcome->got_words == 0;
}

static bool maps(uint32_t pages)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, pages, PERM_RW);
    struct agent_order recv = receiving(WIN, MAX);

    return exchange(&send, &recv, pages % 2 == 0) && outcome_is(pages, PERM_RW) &&
           frame_at(B, WIN) == frame_at(A, SRC) &&
           frame_at(B, at(WIN, pages - 1)) == frame_at(A, at(SRC, pages - 1)) &&
           read_at(B, at(WIN, pages - 1)) == 0xabc0000 + pages - 1 &&
           (pages == MAX || perm_at(B, at(WIN, pages)) == 0) && page_unmap(B->id, WIN, MAX) == 0;
}

static void check_map(void)
{
    bool good = prepare(MAX);

    for (uint32_t pages = 1; pages <= MAX && good; pages++)
        good = maps(pages);
    CHECK(good, ID("ipc_pages_map"));
    struct agent_order send = sending(IPC_OP_SEND, SRC, 2, PERM_R | PERM_AVAIL);
    struct agent_order recv = receiving(WIN, 2);
    CHECK(exchange(&send, &recv, true), ID("ipc_pages_read_only"));
    CHECK(outcome_is(2, PERM_R | PERM_AVAIL), ID("ipc_pages_read_only_outcome"));
    CHECK_EQ(perm_at(B, WIN), PERM_R | PERM_AVAIL, ID("ipc_pages_read_only_mapped"));
    CHECK_EQ(perm_at(A, SRC), PERM_RW, ID("ipc_pages_source_keeps"));
    CHECK(write_at(A, SRC, 77) && read_at(B, WIN) == 77, ID("ipc_pages_shared"));
    clear();
}

static bool moves(uint32_t pages)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, pages, PERM_RW | IPC_MOVE);
    struct agent_order recv = receiving(WIN, MAX);
    uint32_t frame;

    if (!prepare(pages))
        return false;
    frame = frame_at(A, SRC);
    return exchange(&send, &recv, pages % 2 == 0) && outcome_is(pages, PERM_RW) &&
           perm_at(A, SRC) == 0 && perm_at(A, at(SRC, pages - 1)) == 0 &&
           frame_at(B, WIN) == frame && read_at(B, at(WIN, pages - 1)) == 0xabc0000 + pages - 1;
}

static void check_move(void)
{
    bool good = true;

    for (uint32_t pages = 1; pages <= MAX && good; pages *= 2)
        good = moves(pages) && moves(pages - pages / 2);
    CHECK(good, ID("ipc_pages_move"));
    clear();
}

/* Within one address space: to overlapping places, and onto themselves. */
static void check_move_overlapping(void)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, 4, PERM_RW | IPC_MOVE);
    struct agent_order recv = receiving(at(SRC, 1), 4);

    CHECK(prepare(4) && exchange(&send, &recv, true), ID("ipc_pages_move_up"));
    CHECK(perm_at(A, SRC) == 0 && read_at(A, at(SRC, 1)) == 0xabc0000 &&
              read_at(A, at(SRC, 4)) == 0xabc0003,
          ID("ipc_pages_move_up_content"));
    (void)!page_unmap(0, SRC, MAX);
    recv = receiving(SRC, 4);
    CHECK(prepare(4) && exchange(&send, &recv, true), ID("ipc_pages_move_in_place"));
    CHECK(perm_at(A, SRC) == PERM_RW && read_at(A, at(SRC, 3)) == 0xabc0003,
          ID("ipc_pages_move_in_place_stays"));
    clear();
}

/* What was mapped in the window is replaced, and its frames are free again. */
static void check_replace(void)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, 8, PERM_RW);
    struct agent_order recv = receiving(WIN, 8);
    struct aspace_usage before;
    struct aspace_usage after;

    CHECK(prepare(8) && page_alloc(B->id, WIN, 8, PERM_R) == 0, ID("ipc_pages_replace_prepare"));
    CHECK_OK(aspace_info(B->id, &before), ID("ipc_pages_replace_usage"));
    CHECK(exchange(&send, &recv, false), ID("ipc_pages_replace"));
    CHECK(read_at(B, at(WIN, 7)) == 0xabc0007 && perm_at(B, WIN) == PERM_RW,
          ID("ipc_pages_replace_content"));
    CHECK(aspace_info(B->id, &after) == 0 && after.frames == before.frames,
          ID("ipc_pages_replace_charge"));
    clear();
}

/* A receiver without a window gets the words alone; the range is checked all the same. */
static void check_no_window(void)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, 4, PERM_RW | IPC_MOVE);
    struct agent_order recv = ipc_order(IPC_OP_RECV, 0, 0);

    CHECK(prepare(4) && exchange(&send, &recv, true), ID("ipc_pages_no_window"));
    CHECK(outcome_is(0, 0) && ipc_got(B, A->id, 4), ID("ipc_pages_no_window_words"));
    CHECK_EQ(perm_at(A, SRC), PERM_RW, ID("ipc_pages_no_window_not_moved"));
    clear();
}

/* Failures: what A sends, into a window of so many pages, and what it gets. */
struct failure {
    const char *id;
    uint32_t va, pages, perm;
    uint32_t window;
    int error;
};

static const struct failure failures[] = {
    {"ipc_pages_none", SRC, 0, PERM_R, 4, E_INVAL},
    {"ipc_pages_too_many", SRC, MAX + 1, PERM_R, MAX, E_INVAL},
    {"ipc_pages_huge", SRC, 0xffffffff, PERM_R, MAX, E_INVAL},
    {"ipc_pages_unaligned", SRC + 4, 1, PERM_R, 4, E_INVAL},
    {"ipc_pages_beyond_top", USER_TOP - PAGE_SIZE, 2, PERM_R, 4, E_INVAL},
    {"ipc_pages_utcb", UTCB_AREA, 1, PERM_R, 4, E_INVAL},
    {"ipc_pages_kernel", KERNEL_BASE, 1, PERM_R, 4, E_INVAL},
    {"ipc_pages_wrap", 0xfffff000, 2, PERM_R, 4, E_INVAL},
    {"ipc_pages_perm_without_p", SRC, 1, PERM_U, 4, E_INVAL},
    {"ipc_pages_perm_without_u", SRC, 1, PERM_P, 4, E_INVAL},
    {"ipc_pages_perm_unknown", SRC, 1, PERM_R | 0x100, 4, E_INVAL},
    {"ipc_pages_perm_high", SRC, 1, PERM_R | 0x2000, 4, E_INVAL},
    {"ipc_pages_write_on_read_only", SRC, 6, PERM_RW, 8, E_INVAL},
    {"ipc_pages_hole", SRC, 8, PERM_R, 8, E_INVAL},
    {"ipc_pages_hole_move", SRC, 8, PERM_R | IPC_MOVE, 8, E_INVAL},
    {"ipc_pages_window_small", SRC, 5, PERM_R, 4, E_MSG_SIZE},
    {"ipc_pages_window_small_move", SRC, 5, PERM_R | IPC_MOVE, 4, E_MSG_SIZE},
};

/* The memory of both sides: charges, and the pages that could have changed. */
struct picture {
    uint32_t frames[2];
    uint32_t perm[2][9];
};

static struct picture take_picture(void)
{
    struct picture picture;
    struct aspace_usage usage;

    for (uint32_t i = 0; i < 2; i++) {
        picture.frames[i] = aspace_info(agents[i].id, &usage) == 0 ? usage.frames : 0;
    }
    for (uint32_t i = 0; i < 9; i++) {
        picture.perm[0][i] = perm_at(A, at(SRC, i));
        picture.perm[1][i] = perm_at(B, at(WIN, i));
    }
    return picture;
}

static bool pictures_are_equal(const struct picture *a, const struct picture *b)
{
    bool equal = a->frames[0] == b->frames[0] && a->frames[1] == b->frames[1];

    for (uint32_t i = 0; i < 9; i++)
        equal = equal && a->perm[0][i] == b->perm[0][i] && a->perm[1][i] == b->perm[1][i];
    return equal;
}

/* The sender gets the error; the receiver waits on, and takes the next message. */
static bool fails(const struct agent_order *send, const struct agent_order *recv, int error,
                  bool receiver_first)
{
    struct picture before = take_picture();
    struct picture after;
    bool good;

    (void)exchange(send, recv, receiver_first);
    good = ipc_failed(A, error, IPC_PHASE_SEND) && agent_is_blocked(B);
    good = ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 0x99) == 0 && good;
    good = ipc_got(B, A->id, 0x99) && outcome_is(0, 0) && good;
    after = take_picture();
    return good && pictures_are_equal(&before, &after);
}

/* Page 5 is read-only, page 7 is not there; one page is in the window already. */
static void check_failures(void)
{
    CHECK(prepare(7) && page_protect(A->id, at(SRC, 5), 1, PERM_R) == 0 &&
              page_alloc(B->id, at(WIN, 2), 1, PERM_R) == 0,
          ID("ipc_pages_failures_prepare"));
    for (uint32_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        const struct failure *failure = &failures[i];
        struct agent_order send = sending(IPC_OP_SEND, failure->va, failure->pages, failure->perm);
        struct agent_order recv = receiving(WIN, failure->window);

        CHECK(fails(&send, &recv, failure->error, true) &&
                  fails(&send, &recv, failure->error, false),
              ID(failure->id));
    }
    clear();
}

static bool window_is_refused(uint32_t va, uint32_t pages)
{
    struct agent_order recv = receiving(va, pages);

    agent_order(B, &recv);
    return ipc_failed(B, E_INVAL, IPC_PHASE_RECV);
}

static void check_windows(void)
{
    CHECK(window_is_refused(WIN + 1, 1), ID("ipc_pages_window_unaligned"));
    CHECK(window_is_refused(WIN, 0), ID("ipc_pages_window_empty"));
    CHECK(window_is_refused(USER_TOP, 1), ID("ipc_pages_window_beyond_top"));
    CHECK(window_is_refused(USER_TOP - PAGE_SIZE, 2), ID("ipc_pages_window_over_top"));
    CHECK(window_is_refused(0xfffff000, 0xffffffff), ID("ipc_pages_window_wraps"));
    CHECK(window_is_refused(KERNEL_BASE, 1), ID("ipc_pages_window_kernel"));
}

/* An env that has never had a window has an empty one: that is refused all the same. A is such a one still; B has answered
 * before, and waits for anyone. */
static void check_empty_window(void)
{
    struct agent_order call = ipc_order(IPC_OP_CALL | IPC_WINDOW, B->id, 3);

    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_pages_empty_server"));
    ipc_start(A, IPC_OP_CALL, B->id, 1);
    CHECK(ipc_got(B, A->id, 1) && agent_is_blocked(A), ID("ipc_pages_empty_call"));
    ipc_start(B, IPC_OP_REPLY_RECV, A->id, 2);
    CHECK(ipc_got(A, B->id, 2) && agent_is_blocked(B), ID("ipc_pages_empty_answer"));
    agent_order(A, &call);
    bool blocked = agent_is_blocked(A);
    CHECK(!blocked && ipc_failed(A, E_INVAL, IPC_PHASE_RECV), ID("ipc_pages_empty_call_window"));
    CHECK(agent_is_blocked(B), ID("ipc_pages_empty_server_waits_on"));
    /* Where A waits for an answer in spite of it, it gets one: the rest needs both. */
    struct agent *from = blocked ? B : A;
    struct agent *to = blocked ? A : B;
    CHECK_EQ(ipc_run(from, IPC_OP_SEND, to->id, 4), 0, ID("ipc_pages_empty_next"));
    CHECK(ipc_got(to, from->id, 4), ID("ipc_pages_empty_next_message"));
}

/* Pages both ways in one call; and answers that fail: the client gets the error of its own side, the
 * server that of its side, and then the client waits on. */
static void check_call(void)
{
    struct agent_order call = sending(IPC_OP_CALL | IPC_WINDOW, SRC, 2, PERM_RW | IPC_MOVE);
    struct agent_order recv = receiving(WIN, 4);
    struct agent_order reply = sending(IPC_SEND | IPC_REPLY, WIN, 2, PERM_RW | IPC_MOVE);

    call.win_va = at(SRC, 16);
    call.win_pages = 2;
    reply.partner = A->id;
    agent_order(B, &recv);
    CHECK(agent_is_blocked(B) && prepare(2), ID("ipc_pages_call_prepare"));
    agent_order(A, &call);
    CHECK(outcome_is(2, PERM_RW) && agent_is_blocked(A), ID("ipc_pages_call_gives"));
    reply.send_pages = 3;
    CHECK_ERROR(agent_do(B, &reply), E_INVAL, ID("ipc_pages_reply_hole"));
    CHECK(agent_is_blocked(A), ID("ipc_pages_reply_hole_client_waits"));
    reply.send_pages = 2;
    CHECK_EQ(agent_do(B, &reply), 0, ID("ipc_pages_reply"));
    CHECK(ipc_got(A, B->id, 2) && agent_outcome(A)->got_pages == 2, ID("ipc_pages_call_takes"));
    CHECK(read_at(A, at(SRC, 17)) == 0xabc0001 && perm_at(A, SRC) == 0 && perm_at(B, WIN) == 0,
          ID("ipc_pages_call_moved_back"));
    CHECK(prepare(2), ID("ipc_pages_reply_size_prepare"));
    call.win_pages = 1;
    agent_order(A, &call);
    CHECK(agent_is_blocked(A) && agent_do(B, &recv) > 0, ID("ipc_pages_reply_size_call"));
    CHECK_EQ(agent_do(B, &reply), 0, ID("ipc_pages_reply_size"));
    CHECK(ipc_failed(A, E_MSG_SIZE, IPC_PHASE_RECV), ID("ipc_pages_reply_size_client"));
    CHECK_EQ(perm_at(B, WIN), PERM_RW, ID("ipc_pages_reply_size_not_moved"));
    clear();
}

/* The receiver's address space may have three frames more: a page table and two pages. */
static void check_quota(void)
{
    struct agent_order quota = {.what = AGENT_QUOTA, .w = {3}};
    struct agent_order send = sending(IPC_OP_SEND, SRC, 3, PERM_RW | IPC_MOVE);
    struct agent_order recv = receiving(WIN, MAX);

    CHECK(prepare(3), ID("ipc_pages_quota_prepare"));
    CHECK_EQ(agent_do(B, &quota), 0, ID("ipc_pages_quota_set"));
    CHECK(fails(&send, &recv, E_QUOTA, true) && fails(&send, &recv, E_QUOTA, false),
          ID("ipc_pages_quota"));
    send.send_pages = 2;
    CHECK(exchange(&send, &recv, true) && read_at(B, at(WIN, 1)) == 0xabc0001,
          ID("ipc_pages_quota_fits"));
    clear();
}

/* Maps all memory there is; returns the number of pages, or 0 when the quota ends first. */
static uint32_t use_up_memory(void)
{
    uint32_t pages = 0;

    for (uint32_t step = 4096; step != 0; step /= 2) {
        int result;

        while ((result = page_alloc(0, at(FILL, pages), step, PERM_RW)) == 0)
            pages += step;
        if (result != -E_NO_MEM)
            return 0;
    }
    return pages;
}

/* No frame is left for the page table that the receiver would need. */
static void check_no_memory(void)
{
    struct agent_order send = sending(IPC_OP_SEND, SRC, 1, PERM_RW | IPC_MOVE);
    struct agent_order recv = receiving(WIN, MAX);

    CHECK(prepare(1), ID("ipc_pages_no_memory_prepare"));
    uint32_t pages = use_up_memory();
    if (pages == 0)
        TEST_SKIP(ID("ipc_pages_no_memory"), "the quota ends before memory does");
    else
        CHECK(fails(&send, &recv, E_NO_MEM, true) && fails(&send, &recv, E_NO_MEM, false),
              ID("ipc_pages_no_memory"));
    CHECK_OK(page_unmap(0, FILL, (USER_STACK_TOP - FILL) / PAGE_SIZE / 4),
             ID("ipc_pages_memory_back"));
    CHECK(exchange(&send, &recv, true), ID("ipc_pages_memory_again"));
    clear();
}

static void run_all(void)
{
    check_empty_window();
    check_map();
    check_move();
    if (!ipc_variant->is_process)
        check_move_overlapping();
    check_replace();
    check_no_window();
    check_failures();
    check_windows();
    check_call();
    /* All memory is used up once, that is enough. */
    if (ipc_variant->is_process && !ipc_variant->is_cross && !ipc_variant->by_int)
        check_no_memory();
    /* What a receiver is charged that the sender is not. */
    if (ipc_variant->is_process)
        check_quota();
}

static void check_variant(const struct ipc_variant *which)
{
    struct kernel_counters before;
    struct kernel_counters after;

    ipc_variant = which;
    kernel_info(&before);
    if (!ipc_agents_start(which, agents, 2))
        return;
    run_all();
    ipc_agents_end(agents, 2);
    kernel_info(&after);
    CHECK_EQ(after.free_frames, before.free_frames, ID("ipc_pages_frames_equal"));
    CHECK_EQ(after.envs, before.envs, ID("ipc_pages_envs_equal"));
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_pages_pin"))
        return test_status();
    ipc_variants_run("ipc_pages", check_variant);
    return test_status();
}
