/* Orders to agents that are a single ipc, in the variant under test. */
#ifndef TESTS_USER_IPC_ORDERS_H
#define TESTS_USER_IPC_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/user/agent.h"
#include "tests/user/ipc_variant.h"

#define IPC_BAD_ID 0x7ffff001

/* The variant under test: its entry is taken. */
extern const struct ipc_variant *ipc_variant;

/* "id_variant" */
#define ID(id) ipc_variant_id(ipc_variant, (id))

/* The order: an ipc whose four words follow from the label. */
struct agent_order ipc_order(uint32_t flags, envid_t partner, uint32_t label);

/* Gives it; gives it and waits for its result. */
void ipc_start(struct agent *agent, uint32_t flags, envid_t partner, uint32_t label);
int32_t ipc_run(struct agent *agent, uint32_t flags, envid_t partner, uint32_t label);

/* The agent's last order brought the message `label` of `from`; or notification bits. */
bool ipc_got(struct agent *agent, envid_t from, uint32_t label);
bool ipc_got_bits(struct agent *agent, uint32_t bits);
/* It failed so, in that phase. */
bool ipc_failed(struct agent *agent, int error, uint32_t phase);

#endif
