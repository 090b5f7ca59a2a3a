/* Parser of the MP table, see mptable.h. Offsets and types: MP specification 1.4, chapter 4. */
#include "kernel/arch/x86/mptable.h"

#include "kernel/log.h"
#include "kernel/string.h"

#define BASE_MEMORY_END 0x9fc00u /* the last KiB of 640, when there is no EBDA */
#define BIOS_AREA       0xf0000u
#define BIOS_AREA_LEN   0x10000u
#define SCAN_LEN        0x400u

#define POINTER_LEN      16
#define POINTER_TABLE    4
#define POINTER_LENGTH   8 /* of the pointer, in 16 bytes */
#define POINTER_FEATURE1 11
#define POINTER_FEATURE2 12
#define FEATURE2_IMCR    0x80

#define TABLE_HEADER  44
#define TABLE_LENGTH  4
#define TABLE_ENTRIES 34
#define TABLE_LAPIC   36

#define ENTRY_CPU       0
#define ENTRY_BUS       1
#define ENTRY_IOAPIC    2
#define ENTRY_INTERRUPT 3
#define ENTRY_LOCAL     4
#define CPU_ENTRY_LEN   20
#define ENTRY_LEN       8 /* of all others */

#define CPU_ENABLED      0x1
#define IOAPIC_ENABLED   0x1
#define INTERRUPT_VECTOR 0 /* as against NMI, SMI, 8259 */
#define POLARITY_MASK    0x3
#define POLARITY_LOW     0x3
#define TRIGGER_MASK     0xc
#define TRIGGER_LEVEL    0xc

#define DEFAULT_IOAPIC_ID 2
#define DEFAULT_IOAPIC_PA 0xfec00000u

/* The table numbers lines by IOAPIC and pin. We need one number, and any rule without overlap does:
 * no IOAPIC has more pins than this. */
#define GSI_PER_IOAPIC 256u

#define NO_BUS 256u

struct mp_walk {
    struct platform *out;
    uint32_t isa_bus;
    bool any_cpu;
};

static const uint8_t *scan_for_pointer(phys_map_fn *map, paddr_t pa, uint32_t len)
{
    const uint8_t *area = map(pa, len);

    if (area == NULL)
        return NULL;
    for (uint32_t i = 0; i + POINTER_LEN <= len; i += POINTER_LEN) {
        if (memcmp(area + i, "_MP_", 4) == 0 && area[i + POINTER_LENGTH] == 1 &&
            platform_checksum(area + i, POINTER_LEN) == 0)
            return area + i;
    }
    return NULL;
}

static const uint8_t *find_pointer(phys_map_fn *map)
{
    paddr_t ebda = platform_ebda(map);
    const uint8_t *pointer = NULL;

    if (ebda != 0)
        pointer = scan_for_pointer(map, ebda, SCAN_LEN);
    if (pointer == NULL)
        pointer = scan_for_pointer(map, BASE_MEMORY_END, SCAN_LEN);
    if (pointer == NULL)
        pointer = scan_for_pointer(map, BIOS_AREA, BIOS_AREA_LEN);
    return pointer;
}

static const uint8_t *map_table(phys_map_fn *map, paddr_t pa, uint32_t *len)
{
    const uint8_t *header = pa == 0 ? NULL : map(pa, TABLE_HEADER);

    if (header == NULL || memcmp(header, "PCMP", 4) != 0)
        return NULL;
    *len = platform_read16(header + TABLE_LENGTH);
    const uint8_t *table = *len >= TABLE_HEADER ? map(pa, *len) : NULL;
    if (table == NULL || platform_checksum(table, *len) != 0) {
        log_warn("mptable: the table is out of reach or damaged, ignored");
        return NULL;
    }
    return table;
}

static void read_ioapic(struct mp_walk *walk, const uint8_t *entry)
{
    struct platform_ioapic ioapic = {
        .id = entry[1],
        .pa = platform_read32(entry + 4),
        .gsi_base = walk->out->nioapics * GSI_PER_IOAPIC,
    };

    if (entry[3] & IOAPIC_ENABLED)
        platform_add_ioapic(walk->out, &ioapic);
}

static void read_interrupt(struct mp_walk *walk, const uint8_t *entry)
{
    uint16_t flags = platform_read16(entry + 2);

    if (entry[1] != INTERRUPT_VECTOR || entry[4] != walk->isa_bus)
        return;
    for (uint32_t i = 0; i < walk->out->nioapics; i++) {
        if (walk->out->ioapics[i].id != entry[6])
            continue;
        struct platform_irq irq = {
            .gsi = walk->out->ioapics[i].gsi_base + entry[7],
            .active_low = (flags & POLARITY_MASK) == POLARITY_LOW,
            .level = (flags & TRIGGER_MASK) == TRIGGER_LEVEL,
        };
        platform_set_irq(walk->out, entry[5], &irq);
        return;
    }
}

static void read_entry(struct mp_walk *walk, const uint8_t *entry)
{
    switch (entry[0]) {
    case ENTRY_CPU:
        if (entry[3] & CPU_ENABLED) {
            platform_add_cpu(walk->out, entry[1]);
            walk->any_cpu = true;
        }
        break;
    case ENTRY_BUS:
        if (memcmp(entry + 2, "ISA   ", 6) == 0)
            walk->isa_bus = entry[1];
        break;
    case ENTRY_IOAPIC:
        read_ioapic(walk, entry);
        break;
    case ENTRY_INTERRUPT:
        read_interrupt(walk, entry);
        break;
    default:
        break;
    }
}

/* Entries come sorted by type (4.3), so buses and IOAPICs are known when interrupts refer to them. */
static bool read_table(const uint8_t *table, uint32_t len, struct platform *out)
{
    struct mp_walk walk = {.out = out, .isa_bus = NO_BUS};
    uint32_t count = platform_read16(table + TABLE_ENTRIES);
    uint32_t offset = TABLE_HEADER;

    out->lapic_pa = platform_read32(table + TABLE_LAPIC);
    for (uint32_t i = 0; i < count && offset < len; i++) {
        uint32_t entry_len = table[offset] == ENTRY_CPU ? CPU_ENTRY_LEN : ENTRY_LEN;
        if (table[offset] > ENTRY_LOCAL || entry_len > len - offset) {
            log_warn("mptable: entry %u makes no sense, the rest is ignored", i);
            break;
        }
        read_entry(&walk, table + offset);
        offset += entry_len;
    }
    return walk.any_cpu && out->lapic_pa != 0;
}

/* The default configurations (chapter 5) have two CPUs with ids 0 and 1, and one IOAPIC. */
static bool use_default(struct platform *out)
{
    const struct platform_ioapic ioapic = {.id = DEFAULT_IOAPIC_ID, .pa = DEFAULT_IOAPIC_PA};
    const struct platform_irq timer = {.gsi = 2};

    platform_add_cpu(out, 0);
    platform_add_cpu(out, 1);
    platform_add_ioapic(out, &ioapic);
    platform_set_irq(out, 0, &timer);
    return true;
}

bool mptable_parse(phys_map_fn *map, uint8_t boot_lapic_id, struct platform *out)
{
    const uint8_t *pointer = find_pointer(map);
    uint32_t len = 0;

    if (pointer == NULL)
        return false;
    platform_reset(out, boot_lapic_id, "MP table");
    out->has_imcr = pointer[POINTER_FEATURE2] & FEATURE2_IMCR;
    if (pointer[POINTER_FEATURE1] != 0)
        return use_default(out);
    const uint8_t *table = map_table(map, platform_read32(pointer + POINTER_TABLE), &len);
    return table != NULL && read_table(table, len, out);
}
