/* The ways in which each fact of IPC has to hold: one CPU or two, threads of one address space or
 * address spaces, by sysenter or by int 0x30. */
#ifndef TESTS_USER_IPC_VARIANT_H
#define TESTS_USER_IPC_VARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/user/agent.h"

struct ipc_variant {
    const char *name;
    bool is_process;
    bool is_cross; /* the partner is on the last CPU, the rest on CPU 0 */
    bool by_int;
};

#define IPC_VARIANTS 8u
extern const struct ipc_variant ipc_variants[IPC_VARIANTS];

/* Runs a test in each variant that the machine has CPUs for, skips the others under `id`. */
void ipc_variants_run(const char *id, void (*test)(const struct ipc_variant *variant));

/* The place of party number `party`: 0 is at CPU 0, the others where the variant says. */
struct agent_place ipc_variant_place(const struct ipc_variant *variant, uint32_t party);

/* "id_variant", valid until the next call. */
const char *ipc_variant_id(const struct ipc_variant *variant, const char *id);

/* `count` agents in the variant's places; false, and a check that failed, if there are not so many. */
MUST_CHECK bool ipc_agents_start(const struct ipc_variant *variant, struct agent *agents,
                                 uint32_t count);
void ipc_agents_end(struct agent *agents, uint32_t count);

#endif
