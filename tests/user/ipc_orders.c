/* Orders that are an ipc, see ipc_orders.h. */
#include "tests/user/ipc_orders.h"

const struct ipc_variant *ipc_variant = &ipc_variants[0];

struct agent_order ipc_order(uint32_t flags, envid_t partner, uint32_t label)
{
    return (struct agent_order){.what = ipc_variant->by_int ? AGENT_IPC_INT : AGENT_IPC,
                                .flags = flags,
                                .partner = partner,
                                .w = {label, label + 1, ~label, label * 7}};
}

void ipc_start(struct agent *agent, uint32_t flags, envid_t partner, uint32_t label)
{
    struct agent_order order = ipc_order(flags, partner, label);

    agent_order(agent, &order);
}

int32_t ipc_run(struct agent *agent, uint32_t flags, envid_t partner, uint32_t label)
{
    ipc_start(agent, flags, partner, label);
    return agent_result(agent);
}

bool ipc_got(struct agent *agent, envid_t from, uint32_t label)
{
    const struct agent_outcome *outcome = agent_outcome(agent);

    return outcome != NULL && outcome->result > 0 && ipc_sender(outcome->result) == from &&
           outcome->w[0] == label && outcome->w[1] == label + 1 && outcome->w[2] == ~label &&
           outcome->w[3] == label * 7;
}

bool ipc_got_bits(struct agent *agent, uint32_t bits)
{
    const struct agent_outcome *outcome = agent_outcome(agent);

    return outcome != NULL && outcome->result == 0 && outcome->w[0] == bits;
}

bool ipc_failed(struct agent *agent, int error, uint32_t phase)
{
    const struct agent_outcome *outcome = agent_outcome(agent);

    return outcome != NULL && outcome->result == -error && outcome->phase == phase;
}
