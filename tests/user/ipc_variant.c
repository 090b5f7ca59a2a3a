/* Variants of IPC, see ipc_variant.h. */
#include "tests/user/ipc_variant.h"

#include <stdio.h>

#include "tests/user/test.h"

const struct ipc_variant ipc_variants[IPC_VARIANTS] = {
    {"thread_1cpu_sysenter", false, false, false}, {"thread_1cpu_int", false, false, true},
    {"thread_2cpu_sysenter", false, true, false},  {"thread_2cpu_int", false, true, true},
    {"aspace_1cpu_sysenter", true, false, false},  {"aspace_1cpu_int", true, false, true},
    {"aspace_2cpu_sysenter", true, true, false},   {"aspace_2cpu_int", true, true, true},
};

const char *ipc_variant_id(const struct ipc_variant *variant, const char *id)
{
    static char text[96];

    snprintf(text, sizeof(text), "%s_%s", id, variant->name);
    return text;
}

void ipc_variants_run(const char *id, void (*test)(const struct ipc_variant *variant))
{
    for (uint32_t i = 0; i < IPC_VARIANTS; i++) {
        if (ipc_variants[i].is_cross && test_cpus() == 1)
            TEST_SKIP(ipc_variant_id(&ipc_variants[i], id), "one CPU");
        else
            test(&ipc_variants[i]);
    }
}

struct agent_place ipc_variant_place(const struct ipc_variant *variant, uint32_t party)
{
    return (struct agent_place){.is_process = variant->is_process,
                                .cpu = party != 0 && variant->is_cross ? test_cpus() - 1 : 0};
}

bool ipc_agents_start(const struct ipc_variant *variant, struct agent *agents, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct agent_place place = ipc_variant_place(variant, i);

        if (agent_start(&agents[i], i, &place))
            continue;
        ipc_agents_end(agents, i);
        return CHECK(false, ipc_variant_id(variant, "ipc_agents_start"));
    }
    return true;
}

void ipc_agents_end(struct agent *agents, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        agent_end(&agents[i]);
}
