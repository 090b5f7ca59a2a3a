/* Parser of the ACPI tables, see acpi.h. Offsets and types: ACPI 6.4, 5.2.5 to 5.2.12. */
#include "kernel/arch/x86/acpi.h"

#include "kernel/log.h"
#include "kernel/string.h"

#define BIOS_AREA     0xe0000u
#define BIOS_AREA_LEN 0x20000u
#define EBDA_LEN      0x400u

#define RSDP_SIGNATURE "RSD PTR "
#define RSDP_LEN_1     20 /* ACPI 1.0 */
#define RSDP_LEN_2     36
#define RSDP_REVISION  15
#define RSDP_RSDT      16
#define RSDP_XSDT      24
#define RSDP_BOUNDARY  16

#define TABLE_HEADER  36
#define TABLE_LENGTH  4
#define TABLE_LEN_MAX 0x10000u

#define MADT_LAPIC    36
#define MADT_FLAGS    40
#define MADT_ENTRIES  44
#define MADT_HAS_8259 0x1

#define ENTRY_LAPIC         0
#define ENTRY_IOAPIC        1
#define ENTRY_OVERRIDE      2
#define ENTRY_LAPIC_ADDRESS 5
#define LAPIC_ENABLED       0x1
#define OVERRIDE_POLARITY   0x3
#define OVERRIDE_ACTIVE_LOW 0x3
#define OVERRIDE_TRIGGER    0xc
#define OVERRIDE_LEVEL      0xc

/* The RSDT or XSDT: a list of tables. */
struct root_table {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t pointer_size; /* 4 or 8 */
};

/* A whole table with this signature at pa, with a good checksum, or NULL. */
static const uint8_t *map_table(phys_map_fn *map, paddr_t pa, const char *signature, uint32_t *len)
{
    const uint8_t *header = pa == 0 ? NULL : map(pa, TABLE_HEADER);

    if (header == NULL || memcmp(header, signature, 4) != 0)
        return NULL;
    *len = platform_read32(header + TABLE_LENGTH);
    if (*len < TABLE_HEADER || *len > TABLE_LEN_MAX) {
        log_warn("acpi: %s has length %u, ignored", signature, *len);
        return NULL;
    }
    const uint8_t *table = map(pa, *len);
    if (table == NULL || platform_checksum(table, *len) != 0) {
        log_warn("acpi: %s is out of reach or damaged, ignored", signature);
        return NULL;
    }
    return table;
}

/* Returns the RSDP's address or 0. The part that ACPI 1.0 has is known to be whole. */
static paddr_t scan_for_rsdp(phys_map_fn *map, paddr_t pa, uint32_t len)
{
    const uint8_t *area = map(pa, len);

    if (area == NULL)
        return 0;
    for (uint32_t i = 0; i + RSDP_LEN_1 <= len; i += RSDP_BOUNDARY) {
        if (memcmp(area + i, RSDP_SIGNATURE, 8) == 0 &&
            platform_checksum(area + i, RSDP_LEN_1) == 0)
            return pa + i;
    }
    return 0;
}

/* The XSDT that a newer RSDP names, or NULL. */
static const uint8_t *map_xsdt(phys_map_fn *map, paddr_t rsdp_pa, uint32_t *len)
{
    const uint8_t *rsdp = map(rsdp_pa, RSDP_LEN_2);

    if (rsdp == NULL || rsdp[RSDP_REVISION] < 2 || platform_checksum(rsdp, RSDP_LEN_2) != 0)
        return NULL;
    return map_table(map, platform_read64(rsdp + RSDP_XSDT), "XSDT", len);
}

static bool find_root(phys_map_fn *map, struct root_table *root)
{
    paddr_t ebda = platform_ebda(map);
    paddr_t pa = ebda != 0 ? scan_for_rsdp(map, ebda, EBDA_LEN) : 0;

    if (pa == 0)
        pa = scan_for_rsdp(map, BIOS_AREA, BIOS_AREA_LEN);
    if (pa == 0)
        return false;
    root->pointer_size = 8;
    root->bytes = map_xsdt(map, pa, &root->len);
    if (root->bytes != NULL)
        return true;
    const uint8_t *rsdp = map(pa, RSDP_LEN_1);
    root->pointer_size = 4;
    root->bytes =
        rsdp == NULL ? NULL : map_table(map, platform_read32(rsdp + RSDP_RSDT), "RSDT", &root->len);
    return root->bytes != NULL;
}

static const uint8_t *find_table(phys_map_fn *map, const struct root_table *root,
                                 const char *signature, uint32_t *len)
{
    for (uint32_t i = TABLE_HEADER; root->len - i >= root->pointer_size; i += root->pointer_size) {
        const uint8_t *pointer = root->bytes + i;
        paddr_t pa = root->pointer_size == 8 ? platform_read64(pointer) : platform_read32(pointer);
        const uint8_t *table = map_table(map, pa, signature, len);
        if (table != NULL)
            return table;
    }
    return NULL;
}

static void read_override(const uint8_t *entry, struct platform *out)
{
    uint16_t flags = platform_read16(entry + 8);
    struct platform_irq irq = {
        .gsi = platform_read32(entry + 4),
        /* 0 means "as the bus has it", which for ISA is active high and edge. */
        .active_low = (flags & OVERRIDE_POLARITY) == OVERRIDE_ACTIVE_LOW,
        .level = (flags & OVERRIDE_TRIGGER) == OVERRIDE_LEVEL,
    };

    if (entry[2] == 0) /* bus 0: ISA */
        platform_set_irq(out, entry[3], &irq);
}

static void read_ioapic(const uint8_t *entry, struct platform *out)
{
    struct platform_ioapic ioapic = {
        .id = entry[2],
        .pa = platform_read32(entry + 4),
        .gsi_base = platform_read32(entry + 8),
    };

    platform_add_ioapic(out, &ioapic);
}

/* entry: at least `len` bytes, as many as it claims. Returns whether it is a CPU in use. */
static bool read_entry(const uint8_t *entry, uint32_t len, struct platform *out)
{
    switch (entry[0]) {
    case ENTRY_LAPIC:
        if (len < 8 || !(platform_read32(entry + 4) & LAPIC_ENABLED))
            return false;
        platform_add_cpu(out, entry[3]);
        return true;
    case ENTRY_IOAPIC:
        if (len >= 12)
            read_ioapic(entry, out);
        return false;
    case ENTRY_OVERRIDE:
        if (len >= 10)
            read_override(entry, out);
        return false;
    case ENTRY_LAPIC_ADDRESS:
        if (len >= 12)
            out->lapic_pa = platform_read64(entry + 4);
        return false;
    default:
        return false;
    }
}

static bool read_madt(const uint8_t *madt, uint32_t len, struct platform *out)
{
    bool any_cpu = false;

    if (len < MADT_ENTRIES)
        return false;
    out->lapic_pa = platform_read32(madt + MADT_LAPIC);
    out->has_8259 = platform_read32(madt + MADT_FLAGS) & MADT_HAS_8259;
    for (uint32_t i = MADT_ENTRIES; len - i >= 2;) {
        uint32_t entry_len = madt[i + 1];
        if (entry_len < 2 || entry_len > len - i) {
            log_warn("acpi: the MADT's entry at %u has length %u, the rest is ignored", i,
                     entry_len);
            break;
        }
        any_cpu |= read_entry(madt + i, entry_len, out);
        i += entry_len;
    }
    return any_cpu && out->lapic_pa != 0;
}

bool acpi_parse(phys_map_fn *map, uint8_t boot_lapic_id, struct platform *out)
{
    struct root_table root;
    uint32_t len = 0;

    if (!find_root(map, &root))
        return false;
    const uint8_t *madt = find_table(map, &root, "APIC", &len);
    if (madt == NULL)
        return false;
    platform_reset(out, boot_lapic_id, "ACPI");
    return read_madt(madt, len, out);
}
