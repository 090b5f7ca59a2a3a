/* Parser of the ACPI tables, as far as they list CPUs and interrupt controllers (the MADT).
 *
 * Reads the RSDP, the RSDT or XSDT and the MADT through `map`; trusts no length or count in them.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_ACPI_H
#define GRAIN_KERNEL_ARCH_X86_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/platform.h"

/* Returns false, and *out means nothing, if there is no MADT that lists a CPU. */
bool acpi_parse(phys_map_fn *map, uint8_t boot_lapic_id, struct platform *out)
    __attribute__((warn_unused_result));

#endif
