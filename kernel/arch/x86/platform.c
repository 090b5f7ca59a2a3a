/* The machine as its firmware describes it, see platform.h. */
#include "kernel/arch/x86/platform.h"

#include "kernel/log.h"
#include "kernel/string.h"

#define BDA_EBDA_SEGMENT 0x40e
#define EBDA_LOWEST      0x400u
#define EBDA_HIGHEST     0x9fc00u

void platform_reset(struct platform *platform, uint8_t boot_lapic_id, const char *source)
{
    *platform = (struct platform){
        .ncpus = 1,
        .nfound = 1,
        .cpus = {{boot_lapic_id}},
        .lapic_pa = LAPIC_DEFAULT_PA,
        .has_8259 = true,
        .source = source,
    };
    for (uint32_t i = 0; i < PLATFORM_ISA_IRQS; i++)
        platform->irqs[i] = (struct platform_irq){.gsi = i};
    platform->seen[boot_lapic_id / 32] = 1u << boot_lapic_id % 32;
}

void platform_add_cpu(struct platform *platform, uint8_t lapic_id)
{
    uint32_t bit = 1u << lapic_id % 32;

    if (platform->seen[lapic_id / 32] & bit)
        return;
    platform->seen[lapic_id / 32] |= bit;
    platform->nfound++;
    if (platform->ncpus < GRAIN_MAX_CPUS)
        platform->cpus[platform->ncpus++].lapic_id = lapic_id;
}

void platform_add_ioapic(struct platform *platform, const struct platform_ioapic *ioapic)
{
    if (ioapic->pa == 0) {
        log_warn("platform: IOAPIC %u has no address, ignored", ioapic->id);
        return;
    }
    for (uint32_t i = 0; i < platform->nioapics; i++) {
        if (platform->ioapics[i].pa == ioapic->pa ||
            platform->ioapics[i].gsi_base == ioapic->gsi_base) {
            log_warn("platform: IOAPIC %u is listed twice, ignored", ioapic->id);
            return;
        }
    }
    if (platform->nioapics == PLATFORM_IOAPICS_MAX) {
        log_warn("platform: more than %u IOAPICs, %u ignored", PLATFORM_IOAPICS_MAX, ioapic->id);
        return;
    }
    platform->ioapics[platform->nioapics++] = *ioapic;
}

void platform_set_irq(struct platform *platform, uint32_t irq, const struct platform_irq *to)
{
    if (irq < PLATFORM_ISA_IRQS)
        platform->irqs[irq] = *to;
}

uint8_t platform_checksum(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint8_t sum = 0;

    while (len-- != 0)
        sum = (uint8_t)(sum + *p++);
    return sum;
}

uint16_t platform_read16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t platform_read32(const uint8_t *p)
{
    return platform_read16(p) | (uint32_t)platform_read16(p + 2) << 16;
}

uint64_t platform_read64(const uint8_t *p)
{
    return platform_read32(p) | (uint64_t)platform_read32(p + 4) << 32;
}

paddr_t platform_ebda(phys_map_fn *map)
{
    const uint8_t *segment = map(BDA_EBDA_SEGMENT, 2);

    if (segment == NULL)
        return 0;
    paddr_t base = (paddr_t)platform_read16(segment) << 4;
    return base >= EBDA_LOWEST && base <= EBDA_HIGHEST ? base : 0;
}

#ifndef GRAIN_HOST

#include "kernel/arch/x86/acpi.h"
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/mptable.h"
#include "kernel/arch/x86/paging.h"

#define MSR_APIC_BASE  0x1b
#define APIC_BASE_MASK UINT64_C(0xffffff000)

void platform_discover(struct platform *platform)
{
    /* The initial APIC id (SDM 2A, CPUID): also right where the LAPIC is not mapped yet. */
    uint8_t boot_id = (uint8_t)(cpuid(1, 0).ebx >> 24);

    if (!acpi_parse(paging_map_ro, boot_id, platform) &&
        !mptable_parse(paging_map_ro, boot_id, platform)) {
        platform_reset(platform, boot_id, "no table");
        platform->lapic_pa = cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_MASK;
        log_warn("platform: neither ACPI nor MP table, using one CPU and no device interrupts");
    }
    if (platform->nfound > platform->ncpus)
        log_warn("platform: %u CPUs found, room for %u: the rest stays off", platform->nfound,
                 platform->ncpus);
}

#endif
