/* Agents, see agent.h. */
#include "tests/user/agent.h"

#include <stdlib.h>
#include <string.h>

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/user/test.h"

uint32_t agent_word(uint32_t label, uint32_t index)
{
    return (label + 1) * 0x01000193u ^ index * 0x9e3779b9u;
}

bool agent_words_are_right(const struct agent_outcome *outcome, uint32_t label, uint32_t words)
{
    if (outcome->got_words != words)
        return false;
    for (uint32_t i = 0; i < words; i++) {
        if (outcome->words[i] != agent_word(label, i))
            return false;
    }
    return true;
}

/* The agent's side. */

static void message_prepare(const struct agent_order *order)
{
    for (uint32_t i = 0; i < order->words; i++)
        utcb()->words[i] = agent_word(order->w[0], i);
    ipc_set_pages(order->send_va, order->send_pages, order->send_perm);
    ipc_set_window(order->win_va, order->win_pages);
    ipc_set_timeouts(order->send_us, order->recv_us);
}

static void message_note(struct agent_outcome *outcome)
{
    const struct utcb *self = utcb();

    outcome->phase = self->ipc_phase;
    outcome->got_words = ipc_has_extra(outcome->result) ? self->got_words : 0;
    outcome->got_pages = ipc_has_extra(outcome->result) ? self->got_pages : 0;
    outcome->got_perm = ipc_has_extra(outcome->result) ? self->got_perm : 0;
    memcpy(outcome->words, self->words, sizeof(outcome->words));
}

static void order_ipc(const struct agent_order *order, struct agent_outcome *outcome)
{
    struct ipc_msg msg;
    uint32_t flags = order->flags | IPC_SEND_WORDS(order->words);

    memcpy(msg.w, order->w, sizeof(msg.w));
    message_prepare(order);
    outcome->began = time_us();
    if (order->what == AGENT_IPC_INT)
        outcome->result = ipc_int(flags, order->partner, &msg);
    else
        outcome->result = ipc(flags, order->partner, &msg);
    outcome->ended = time_us();
    memcpy(outcome->w, msg.w, sizeof(msg.w));
    message_note(outcome);
}

static void order_perm(const struct agent_order *order, struct agent_outcome *outcome)
{
    outcome->result = (int32_t)page_perm(order->w[0]);
    if (outcome->result != 0)
        outcome->frame = (uint32_t)(page_entry_frame(page_entry(order->w[0])) >> PAGE_SHIFT);
}

/* What an agent needs, and no more frames than that. */
static int order_quota(uint32_t more)
{
    struct aspace_usage usage;
    struct env_limits limits = {.syscalls = {(1u << SYS_MAX) - 1, 0},
                                .send_count = ENV_SEND_ANY,
                                .priority = SCHED_PRIO_DEFAULT};
    int result = aspace_info(0, &usage);

    for (uint32_t i = 0; i < ENV_PORT_LIST; i++)
        limits.ports[i] = (struct env_port_range){.first = 1, .last = 0};
    limits.frames = usage.frames + more;
    return result != 0 ? result : env_set_limits(0, &limits);
}

static void order_carry_out(const struct agent_order *order, struct agent_outcome *outcome)
{
    switch (order->what) {
    case AGENT_IPC:
    case AGENT_IPC_INT:
        order_ipc(order, outcome);
        break;
    case AGENT_NOTIFY:
        outcome->result = notify(order->partner, order->w[0]);
        break;
    case AGENT_KEPT:
        outcome->result = (int32_t)notify_wait_us(order->w[0], 0);
        break;
    case AGENT_READ:
        outcome->result = *(volatile int32_t *)order->w[0];
        break;
    case AGENT_WRITE:
        *(volatile uint32_t *)order->w[0] = order->w[1];
        outcome->result = 0;
        break;
    case AGENT_PERM:
        order_perm(order, outcome);
        break;
    case AGENT_QUOTA:
        outcome->result = order_quota(order->w[0]);
        break;
    case AGENT_EXIT:
        (void)env_destroy(0, order->w[0]);
        break;
    case AGENT_SPIN:
        for (;;) {}
    }
}

static int agent_main(void *arg)
{
    struct agent_page *page = arg;

    (void)notify_wait(AGENT_BIT_ORDER);
    page->is_up = true;
    (void)!notify(page->boss, AGENT_BIT_DONE);
    /* One notification an order, always taken first: an open receive must not find it. */
    for (;;) {
        (void)notify_wait(AGENT_BIT_ORDER);
        struct agent_order order = page->order;

        page->begun = page->ordered;
        order_carry_out(&order, &page->outcome);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        page->done = page->begun;
        (void)!notify(page->boss, AGENT_BIT_DONE);
    }
}

/* The test's side. */

static envid_t start_process(uint32_t cpu, struct agent_page *page)
{
    uintptr_t va = (uintptr_t)page;
    envid_t id = test_child_start(agent_main, page);

    if (id <= 0)
        return id;
    /* It touches the page only after its first notification. */
    if (page_map(0, va, id, va | PERM_RW, 1) == 0 && test_pin(id, cpu) == 0)
        return id;
    process_kill(id);
    return -E_NO_MEM;
}

static bool wait_until_up(const struct agent_page *page)
{
    uint64_t end = time_us() + TEST_PATIENCE_US;

    while (!page->is_up && time_us() < end)
        (void)notify_wait_us(AGENT_BIT_DONE, TEST_PATIENCE_US / 4);
    return page->is_up;
}

bool agent_start(struct agent *agent, uint32_t slot, const struct agent_place *place)
{
    struct agent_page *page = (struct agent_page *)(AGENT_PAGES + slot * PAGE_SIZE);

    if (page_alloc(0, (uintptr_t)page, 1, PERM_RW) != 0)
        return false;
    page->boss = env_self();
    agent->page = page;
    agent->is_process = place->is_process;
    agent->id = place->is_process ? start_process(place->cpu, page)
                                  : test_thread_start(place->cpu, agent_main, page);
    if (agent->id > 0 && notify(agent->id, AGENT_BIT_ORDER) == 0 && wait_until_up(page))
        return true;
    (void)page_unmap(0, (uintptr_t)page, 1);
    return false;
}

void agent_end(struct agent *agent)
{
    if (agent->is_process)
        process_kill(agent->id);
    else
        thread_kill(agent->id);
    (void)page_unmap(0, (uintptr_t)agent->page, 1);
    agent->id = 0;
}

void agent_order(struct agent *agent, const struct agent_order *order)
{
    agent->page->order = *order;
    memset(&agent->page->outcome, 0, sizeof(agent->page->outcome));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    agent->page->ordered++;
    (void)!notify(agent->id, AGENT_BIT_ORDER);
}

bool agent_is_busy(const struct agent *agent)
{
    return agent->page->done != agent->page->ordered;
}

const struct agent_outcome *agent_outcome(struct agent *agent)
{
    uint64_t end = time_us() + TEST_PATIENCE_US;

    while (agent_is_busy(agent)) {
        if (time_us() > end)
            return NULL;
        (void)notify_wait_us(AGENT_BIT_DONE, TEST_PATIENCE_US / 4);
    }
    return &agent->page->outcome;
}

int32_t agent_result(struct agent *agent)
{
    const struct agent_outcome *outcome = agent_outcome(agent);

    return outcome == NULL ? AGENT_HUNG : outcome->result;
}

int32_t agent_do(struct agent *agent, const struct agent_order *order)
{
    agent_order(agent, order);
    return agent_result(agent);
}

bool agent_is_blocked(struct agent *agent)
{
    uint64_t end = time_us() + TEST_PATIENCE_US;

    while (time_us() < end) {
        if (!agent_is_busy(agent))
            return false;
        if (agent->page->begun == agent->page->ordered &&
            env_record(agent->id)->status == ENV_NOT_RUNNABLE)
            return true;
        yield();
    }
    return false;
}

bool agent_receives_in_public(struct agent *agent)
{
    bool blocked = agent_is_blocked(agent);

    for (uint32_t i = 0; blocked && i < TEST_PATIENCE_MS; i++) {
        if (env_record(agent->id)->ipc_receiving != 0)
            return true;
        sleep_us(1000);
    }
    return false;
}
