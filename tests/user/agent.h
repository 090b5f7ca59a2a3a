/* Agents: envs that do one system call after the other as the test tells them, so that a scenario
 * with several parties reads as one straight function.
 *
 * An agent is a thread or a child address space, pinned to a CPU. It takes an order from a page that
 * both sides map, carries it out, and writes there what came of it. It waits for orders in a closed
 * receive from 0, so what is sent to it meanwhile stays queued: only an order receives it.
 */
#ifndef TESTS_USER_AGENT_H
#define TESTS_USER_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "grain/compiler.h"
#include "grain/ipc.h"

#define AGENT_PAGES 0x60000000u /* the shared pages, one an agent */
#define AGENT_PLACE 0x61000000u /* from here on the address space is the test's own */
#define AGENT_MAX   24u

/* Notification bits of the protocol between test and agent; the others are free. */
#define AGENT_BIT_ORDER 0x40000000u
#define AGENT_BIT_DONE  0x20000000u

enum agent_what {
    AGENT_IPC,
    AGENT_IPC_INT, /* the same by int 0x30 */
    AGENT_NOTIFY,  /* partner, w[0] = bits */
    AGENT_KEPT,    /* result = bits of w[0] that came and that no order received */
    AGENT_READ,    /* result = the word at w[0] */
    AGENT_WRITE,   /* the word at w[0] = w[1] */
    AGENT_PERM,    /* result = permissions at w[0]; got[0] = its frame number */
    AGENT_QUOTA,   /* its address space may have w[0] frames more than now, from here on */
    AGENT_EXIT,    /* ends with status w[0] */
    AGENT_SPIN,    /* computes for ever */
};

/* What to do. Words in the message page are a pattern that depends on w[0]. */
struct agent_order {
    enum agent_what what;
    uint32_t flags;
    envid_t partner;
    uint32_t w[4];
    uint32_t words;
    uint32_t send_va, send_pages, send_perm;
    uint32_t win_va, win_pages;
    uint32_t send_us, recv_us;
};

/* What came of it. */
struct agent_outcome {
    int32_t result;
    uint32_t w[4];
    uint32_t phase;
    uint32_t got_words, got_pages, got_perm;
    uint32_t frame;
    uint64_t began, ended; /* microseconds */
    uint32_t words[IPC_WORDS_MAX];
};

struct agent_page {
    volatile uint32_t ordered; /* number of the order to carry out */
    volatile uint32_t begun;   /* the same once it is being carried out, */
    volatile uint32_t done;    /* and when it has been */
    volatile bool is_up;
    envid_t boss;
    struct agent_order order;
    struct agent_outcome outcome;
};

struct agent {
    envid_t id;
    bool is_process;
    struct agent_page *page;
};

/* Where a test's envs are. */
struct agent_place {
    bool is_process;
    uint32_t cpu;
};

/* Starts agent `slot` (its page). False: no env or memory. */
MUST_CHECK bool agent_start(struct agent *agent, uint32_t slot, const struct agent_place *place);
/* Ends it, whatever it does, and frees what it had. */
void agent_end(struct agent *agent);

/* Gives an order; the last one must be done. */
void agent_order(struct agent *agent, const struct agent_order *order);
/* The order's outcome; NULL when it is not done within two seconds. */
const struct agent_outcome *agent_outcome(struct agent *agent);
/* Its result; an impossible one when it is not done. */
int32_t agent_result(struct agent *agent);
/* Gives an order and waits for its result. */
int32_t agent_do(struct agent *agent, const struct agent_order *order);

/* Waits until the agent is blocked in its order; false: it is done, or two seconds are over. */
MUST_CHECK bool agent_is_blocked(struct agent *agent);
/* The same in a receive with IPC_RECORD: the record shows first that it is blocked, and then in what. */
MUST_CHECK bool agent_receives_in_public(struct agent *agent);
/* The order is not done. True as well when it will be soon: for checks that follow a blocked state. */
bool agent_is_busy(const struct agent *agent);

#define AGENT_HUNG (-1000) /* no system call returns it */

/* The words 4 and up of a message whose label is `label`. */
uint32_t agent_word(uint32_t label, uint32_t index);
/* Whether `words` of them arrived. */
bool agent_words_are_right(const struct agent_outcome *outcome, uint32_t label, uint32_t words);

#endif
