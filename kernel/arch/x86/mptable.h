/* Parser of the Intel MultiProcessor Specification's table (version 1.4), the fallback for ACPI.
 *
 * Reads it through `map`; trusts no length or count in it.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_MPTABLE_H
#define GRAIN_KERNEL_ARCH_X86_MPTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/platform.h"

/* Returns false, and *out means nothing, if there is no table that lists a CPU. */
bool mptable_parse(phys_map_fn *map, uint8_t boot_lapic_id, struct platform *out)
    __attribute__((warn_unused_result));

#endif
