/* The machine as its firmware describes it: CPUs, interrupt controllers, ISA lines.
 *
 * platform_discover asks the ACPI tables, then the MP table, and if there is neither assumes one
 * CPU. The parsers of both (acpi.h, mptable.h) fill a struct platform through platform_reset and
 * the platform_add functions, which keep its invariants; all of them run on the host too.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_PLATFORM_H
#define GRAIN_KERNEL_ARCH_X86_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/physmap.h"

#define PLATFORM_IOAPICS_MAX 4
#define PLATFORM_ISA_IRQS    16

#define LAPIC_DEFAULT_PA 0xfee00000u

struct platform_cpu {
    uint8_t lapic_id;
};

struct platform_ioapic {
    uint8_t id;
    uint32_t gsi_base; /* number of its line 0; ranges of two IOAPICs do not overlap */
    paddr_t pa;
};

/* Where an ISA line arrives. */
struct platform_irq {
    uint32_t gsi;
    bool active_low;
    bool level;
};

struct platform {
    uint32_t ncpus;                           /* at least 1, at most GRAIN_MAX_CPUS */
    uint32_t nfound;                          /* may be more */
    uint32_t seen[8];                         /* bit per LAPIC id */
    struct platform_cpu cpus[GRAIN_MAX_CPUS]; /* [0] is the boot CPU; ids are unique */
    paddr_t lapic_pa;
    uint32_t nioapics;
    struct platform_ioapic ioapics[PLATFORM_IOAPICS_MAX];
    struct platform_irq irqs[PLATFORM_ISA_IRQS];
    bool has_8259;
    bool has_imcr;      /* see pic_disable */
    const char *source; /* for people: where all this comes from */
};

/* One CPU, ISA lines where the PC/AT has them, no IOAPIC. */
void platform_reset(struct platform *platform, uint8_t boot_lapic_id, const char *source);

/* Each leaves out, with a log line where that matters, what is listed twice or too much. */
void platform_add_cpu(struct platform *platform, uint8_t lapic_id);
void platform_add_ioapic(struct platform *platform, const struct platform_ioapic *ioapic);
void platform_set_irq(struct platform *platform, uint32_t irq, const struct platform_irq *to);

/* The sum of len bytes, modulo 256: 0 for a table that is whole. */
uint8_t platform_checksum(const void *bytes, size_t len);

/* Reads a word at any alignment. */
uint16_t platform_read16(const uint8_t *p);
uint32_t platform_read32(const uint8_t *p);
uint64_t platform_read64(const uint8_t *p);

/* The first range of two where firmware leaves its pointers, on 16-byte boundaries: the extended
 * BIOS data area's first KiB. Returns its address, or 0 if the BIOS says nothing sensible. */
paddr_t platform_ebda(phys_map_fn *map);

/* The running machine. On the boot CPU, on final page tables. */
void platform_discover(struct platform *platform);

#endif
