/* IPC: send, receive, call and reply, words and registers, flags. */
#include "grain/ipc.h"
#include "grain/syscall.h"
#include "tests/user/agent.h"
#include "tests/user/ipc_orders.h"
#include "tests/user/test.h"

static struct agent agents[3];
#define A (&agents[0])
#define B (&agents[1])
#define C (&agents[2])

/* One message, the receiver first and then the sender first; the sender's id is the kernel's. */
static void check_send(void)
{
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_receive_blocks"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 0x1000), 0, ID("ipc_basic_send"));
    CHECK(ipc_got(B, A->id, 0x1000), ID("ipc_basic_receive"));
    ipc_start(A, IPC_OP_SEND, B->id, 0x2000);
    CHECK(agent_is_blocked(A), ID("ipc_basic_send_blocks"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_basic_receive_queued"));
    CHECK(ipc_got(B, A->id, 0x2000), ID("ipc_basic_receive_queued_words"));
    CHECK_EQ(agent_result(A), 0, ID("ipc_basic_send_queued"));
}

static void check_try(void)
{
    ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 1);
    CHECK(ipc_failed(A, E_IPC_NOT_RECV, IPC_PHASE_SEND), ID("ipc_basic_try_not_receiving"));
    ipc_start(B, IPC_OP_RECV | IPC_CLOSED, C->id, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_try_closed_blocks"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, B->id, 1), E_IPC_NOT_RECV,
                ID("ipc_basic_try_closed"));
    CHECK_EQ(ipc_run(C, IPC_OP_SEND | IPC_TRY, B->id, 2), 0, ID("ipc_basic_try_partner"));
    CHECK(ipc_got(B, C->id, 2), ID("ipc_basic_try_received"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND | IPC_TRY, IPC_BAD_ID, 1), E_BAD_ENV,
                ID("ipc_basic_try_bad_id"));
    CHECK_ERROR(ipc_run(A, IPC_OP_CALL | IPC_TRY, B->id, 1), E_IPC_NOT_RECV,
                ID("ipc_basic_try_call"));
}

/* A closed receive takes its partner's message out of the queue's middle; the others keep their order. */
static void check_closed(void)
{
    ipc_start(A, IPC_OP_SEND, B->id, 0x10);
    CHECK(agent_is_blocked(A), ID("ipc_basic_closed_first_queued"));
    ipc_start(B, IPC_OP_RECV | IPC_CLOSED, C->id, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_closed_ignores_others"));
    CHECK(agent_is_busy(A), ID("ipc_basic_closed_other_waits"));
    CHECK_EQ(ipc_run(C, IPC_OP_SEND, B->id, 0x20), 0, ID("ipc_basic_closed_partner_sends"));
    CHECK(ipc_got(B, C->id, 0x20), ID("ipc_basic_closed_receives"));
    ipc_start(C, IPC_OP_SEND, B->id, 0x30);
    CHECK(agent_is_blocked(C), ID("ipc_basic_closed_second_queued"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV | IPC_CLOSED, C->id, 0), C->id,
             ID("ipc_basic_closed_skips_queue"));
    CHECK(ipc_got(B, C->id, 0x30), ID("ipc_basic_closed_skips_queue_words"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_basic_closed_other_follows"));
    CHECK(ipc_got(B, A->id, 0x10), ID("ipc_basic_closed_other_words"));
    CHECK_EQ(agent_result(A), 0, ID("ipc_basic_closed_other_sent"));
    ipc_run(B, IPC_OP_RECV | IPC_CLOSED, IPC_BAD_ID, 0);
    CHECK(ipc_failed(B, E_BAD_ENV, IPC_PHASE_RECV), ID("ipc_basic_closed_bad_id"));
}

/* The server waits first, then the client; each way once by reply alone and once by reply-and-receive. */
static void check_call(void)
{
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_call_server_waits"));
    ipc_start(A, IPC_OP_CALL, B->id, 0x100);
    CHECK(ipc_got(B, A->id, 0x100), ID("ipc_basic_call_arrives"));
    CHECK(agent_is_blocked(A), ID("ipc_basic_call_waits"));
    CHECK_EQ(ipc_run(C, IPC_OP_SEND | IPC_TRY, A->id, 9), -E_IPC_NOT_RECV,
             ID("ipc_basic_call_takes_partner_only"));
    CHECK_EQ(ipc_run(B, IPC_SEND | IPC_REPLY, A->id, 0x200), 0, ID("ipc_basic_reply"));
    CHECK(ipc_got(A, B->id, 0x200), ID("ipc_basic_call_answered"));
    ipc_start(A, IPC_OP_CALL, B->id, 0x300);
    CHECK(agent_is_blocked(A), ID("ipc_basic_call_queued"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_basic_call_queued_arrives"));
    CHECK(agent_is_blocked(A), ID("ipc_basic_call_queued_waits"));
    ipc_start(B, IPC_OP_REPLY_RECV, A->id, 0x400);
    CHECK(ipc_got(A, B->id, 0x400), ID("ipc_basic_reply_recv_answers"));
    CHECK(agent_is_blocked(B), ID("ipc_basic_reply_recv_waits"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 0x500), 0, ID("ipc_basic_reply_recv_open"));
    CHECK(ipc_got(B, A->id, 0x500), ID("ipc_basic_reply_recv_receives"));
}

/* A client that does not wait loses the answer; the server goes on. */
static void check_reply_lost(void)
{
    CHECK_ERROR(ipc_run(B, IPC_SEND | IPC_REPLY, A->id, 1), E_IPC_NOT_RECV,
                ID("ipc_basic_reply_lost_idle"));
    CHECK_ERROR(ipc_run(B, IPC_SEND | IPC_REPLY, IPC_BAD_ID, 1), E_IPC_NOT_RECV,
                ID("ipc_basic_reply_lost_bad_id"));
    CHECK_EQ(ipc_run(B, IPC_SEND | IPC_REPLY, 0, 1), 0, ID("ipc_basic_reply_nobody"));
    ipc_start(A, IPC_OP_RECV | IPC_CLOSED, C->id, 0);
    CHECK(agent_is_blocked(A), ID("ipc_basic_reply_lost_waits"));
    CHECK_ERROR(ipc_run(B, IPC_SEND | IPC_REPLY, A->id, 2), E_IPC_NOT_RECV,
                ID("ipc_basic_reply_lost_other"));
    CHECK(agent_is_busy(A), ID("ipc_basic_reply_lost_still_waits"));
    CHECK_EQ(ipc_run(C, IPC_SEND | IPC_REPLY, A->id, 3), 0, ID("ipc_basic_reply_of_partner"));
    CHECK(ipc_got(A, C->id, 3), ID("ipc_basic_reply_is_a_message"));
    ipc_start(A, IPC_OP_SEND, B->id, 4);
    CHECK(agent_is_blocked(A), ID("ipc_basic_reply_lost_sending"));
    CHECK_ERROR(ipc_run(C, IPC_SEND | IPC_REPLY, A->id, 5), E_IPC_NOT_RECV,
                ID("ipc_basic_reply_to_sender"));
    CHECK_EQ(ipc_run(B, IPC_OP_REPLY_RECV, A->id, 6), A->id, ID("ipc_basic_reply_recv_lost"));
    CHECK(ipc_got(B, A->id, 4), ID("ipc_basic_reply_recv_lost_receives"));
    ipc_start(B, IPC_OP_REPLY_RECV, 0, 7);
    CHECK(agent_is_blocked(B), ID("ipc_basic_reply_recv_nobody"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 8), 0, ID("ipc_basic_reply_recv_nobody_receives"));
}

/* Closed after a reply to an env that is no more: nobody could ever wake it. */
static void check_reply_closed(void)
{
    ipc_run(B, IPC_OP_REPLY_RECV | IPC_CLOSED, IPC_BAD_ID, 1);
    CHECK(ipc_failed(B, E_BAD_ENV, IPC_PHASE_RECV), ID("ipc_basic_reply_closed_bad_id"));
    ipc_start(B, IPC_OP_REPLY_RECV | IPC_CLOSED, A->id, 1);
    CHECK(agent_is_blocked(B), ID("ipc_basic_reply_closed_waits"));
    CHECK_ERROR(ipc_run(C, IPC_OP_SEND | IPC_TRY, B->id, 2), E_IPC_NOT_RECV,
                ID("ipc_basic_reply_closed_ignores"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 3), 0, ID("ipc_basic_reply_closed_partner"));
    CHECK(ipc_got(B, A->id, 3), ID("ipc_basic_reply_closed_receives"));
}

static bool words_go_over(uint32_t words, bool receiver_first)
{
    struct agent_order what = ipc_order(IPC_OP_SEND, B->id, words);
    const struct agent_outcome *outcome;

    what.words = words;
    if (receiver_first) {
        ipc_start(B, IPC_OP_RECV, 0, 0);
        if (!agent_is_blocked(B))
            return false;
    }
    agent_order(A, &what);
    if (!receiver_first) {
        if (!agent_is_blocked(A))
            return false;
        ipc_start(B, IPC_OP_RECV, 0, 0);
    }
    outcome = agent_outcome(B);
    return outcome != NULL && agent_result(A) == 0 && ipc_sender(outcome->result) == A->id &&
           ipc_has_extra(outcome->result) == (words != 0) && outcome->got_pages == 0 &&
           outcome->got_perm == 0 && agent_words_are_right(outcome, words, words);
}

static void check_words(void)
{
    bool direct = true;
    bool queued = true;

    for (uint32_t words = 0; words <= IPC_WORDS_MAX; words++) {
        direct = direct && words_go_over(words, true);
        queued = queued && words_go_over(words, false);
    }
    CHECK(direct, ID("ipc_basic_words_direct"));
    CHECK(queued, ID("ipc_basic_words_queued"));
    struct agent_order what = ipc_order(IPC_OP_SEND, B->id, 0);
    what.words = IPC_WORDS_MAX + 1;
    agent_do(A, &what);
    CHECK(ipc_failed(A, E_INVAL, IPC_PHASE_SEND), ID("ipc_basic_words_too_many"));
}

/* What abi/ipc.h allows. */
static bool flags_are_valid(uint32_t flags)
{
    bool sends = (flags & IPC_SEND) != 0;
    bool receives = (flags & IPC_RECV) != 0;

    if (!sends && !receives)
        return false;
    if (!sends && (flags & (IPC_REPLY | IPC_TRY | IPC_PAGES)) != 0)
        return false;
    return receives || (flags & (IPC_CLOSED | IPC_WINDOW)) == 0;
}

static bool is_refused(uint32_t flags)
{
    struct ipc_msg msg = {.w = {1, 2, 3, 4}};
    int32_t result = ipc_variant->by_int ? ipc_int(flags, B->id, &msg) : ipc(flags, B->id, &msg);

    return result == -E_INVAL && msg.w[0] == 1 && msg.w[1] == 2 && msg.w[2] == 3 && msg.w[3] == 4;
}

/* Every combination of the eight flags that makes no sense, every bit that is none, and too many words:
 * all while B waits, who must not notice. */
static void check_flags(void)
{
    bool combinations = true;
    bool bits = true;

    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_flags_receiver"));
    for (uint32_t i = 0; i < 256; i++) {
        if (!flags_are_valid(i << 8))
            combinations = combinations && is_refused(i << 8);
    }
    CHECK(combinations, ID("ipc_basic_flags_combinations"));
    for (uint32_t bit = 22; bit < 32; bit++)
        bits = bits && is_refused(IPC_OP_SEND | 1u << bit);
    CHECK(bits, ID("ipc_basic_flags_unknown_bits"));
    CHECK(is_refused(IPC_OP_SEND | IPC_SEND_WORDS(IPC_WORDS_MAX + 1)) &&
              is_refused(IPC_OP_SEND | IPC_SEND_WORDS(63)),
          ID("ipc_basic_flags_words"));
    CHECK(is_refused(IPC_OP_RECV | IPC_SEND_WORDS(1)), ID("ipc_basic_flags_words_of_receive"));
    CHECK(agent_is_blocked(B), ID("ipc_basic_flags_change_nothing"));
    CHECK_EQ(ipc_run(A, IPC_OP_SEND, B->id, 0x77), 0, ID("ipc_basic_flags_send_after"));
    CHECK(ipc_got(B, A->id, 0x77), ID("ipc_basic_flags_receive_after"));
}

static void check_errors(void)
{
    ipc_run(A, IPC_OP_SEND, IPC_BAD_ID, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_basic_send_bad_id"));
    ipc_run(A, IPC_OP_CALL, IPC_BAD_ID, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_basic_call_bad_id"));
    ipc_run(A, IPC_OP_SEND, 0, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_basic_send_zero"));
    ipc_run(A, IPC_OP_SEND, -1, 1);
    CHECK(ipc_failed(A, E_BAD_ENV, IPC_PHASE_SEND), ID("ipc_basic_send_negative"));
    CHECK_ERROR(ipc_run(A, IPC_OP_SEND, B->id | (envid_t)IPC_EXTRA, 1), E_BAD_ENV,
                ID("ipc_basic_send_extra_bit"));
}

/* Send to one, then take from anyone. */
static void check_send_recv_open(void)
{
    ipc_start(B, IPC_OP_RECV, 0, 0);
    CHECK(agent_is_blocked(B), ID("ipc_basic_send_recv_partner_waits"));
    ipc_start(A, IPC_SEND | IPC_RECV, B->id, 0x10);
    CHECK(ipc_got(B, A->id, 0x10), ID("ipc_basic_send_recv_arrives"));
    CHECK(agent_is_blocked(A), ID("ipc_basic_send_recv_waits"));
    CHECK_EQ(ipc_run(C, IPC_OP_SEND, A->id, 0x20), 0, ID("ipc_basic_send_recv_open"));
    CHECK(ipc_got(A, C->id, 0x20), ID("ipc_basic_send_recv_receives"));
    ipc_start(A, IPC_SEND | IPC_RECV, B->id, 0x30);
    CHECK(agent_is_blocked(A), ID("ipc_basic_send_recv_queued"));
    ipc_start(C, IPC_OP_SEND, A->id, 0x40);
    CHECK(agent_is_blocked(C), ID("ipc_basic_send_recv_third_queued"));
    CHECK_EQ(ipc_run(B, IPC_OP_RECV, 0, 0), A->id, ID("ipc_basic_send_recv_taken"));
    CHECK(ipc_got(A, C->id, 0x40), ID("ipc_basic_send_recv_queue"));
    CHECK_EQ(agent_result(C), 0, ID("ipc_basic_send_recv_third_sent"));
}

static void check_variant(const struct ipc_variant *which)
{
    ipc_variant = which;
    if (!ipc_agents_start(ipc_variant, agents, 3))
        return;
    check_send();
    check_try();
    check_closed();
    check_call();
    check_reply_lost();
    check_reply_closed();
    check_words();
    check_flags();
    check_errors();
    check_send_recv_open();
    ipc_agents_end(agents, 3);
}

int main(void)
{
    if (!CHECK_OK(test_pin(0, 0), "ipc_basic_pin"))
        return test_status();
    ipc_variants_run("ipc_basic", check_variant);
    return test_status();
}
