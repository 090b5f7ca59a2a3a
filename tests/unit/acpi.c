/* kernel/arch/x86/acpi.c: good tables by both roots, each kind of damage, garbage. */
#include "kernel/arch/x86/acpi.h"

#include "arch_host.h"
#include "phys_host.h"
#include "platform_host.h"
#include "unit.h"

#define RSDP 0xf5b40u
#define RSDT 0x200000u
#define XSDT 0x201000u
#define FACP 0x202000u
#define MADT 0x203000u

static uint32_t madt_end;

static void put_header(uint32_t pa, const char *signature, uint32_t len)
{
    phys_put_text(pa, signature);
    phys_put32(pa + 4, len);
    phys_fix_checksum(pa, len, pa + 9);
}

static void add_entry(const uint8_t *bytes, uint32_t len)
{
    memcpy(phys + madt_end, bytes, len);
    madt_end += len;
}

static void add_cpu(uint8_t id, uint8_t flags)
{
    const uint8_t entry[8] = {0, 8, id, id, flags};

    add_entry(entry, sizeof(entry));
}

static void add_ioapic(uint8_t id, uint32_t pa, uint32_t base)
{
    const uint8_t entry[12] = {1, 12, id};
    uint32_t at = madt_end;

    add_entry(entry, sizeof(entry));
    phys_put32(at + 4, pa);
    phys_put32(at + 8, base);
}

static void add_override(uint8_t irq, uint32_t gsi, uint16_t flags)
{
    const uint8_t entry[10] = {2, 10, 0, irq};
    uint32_t at = madt_end;

    add_entry(entry, sizeof(entry));
    phys_put32(at + 4, gsi);
    phys_put16(at + 8, flags);
}

static void close_madt(void)
{
    put_header(MADT, "APIC", madt_end - MADT);
}

/* revision 0: the RSDT only; 2: the XSDT too. */
static void put_roots(uint8_t revision)
{
    phys_put_text(RSDP, "RSD PTR ");
    phys[RSDP + 15] = revision;
    phys_put32(RSDP + 16, RSDT);
    phys_fix_checksum(RSDP, 20, RSDP + 8);
    if (revision >= 2) {
        phys_put32(RSDP + 20, 36);
        phys_put64(RSDP + 24, XSDT);
        phys_fix_checksum(RSDP, 36, RSDP + 32);
    }
    phys_put32(RSDT + 36, FACP);
    phys_put32(RSDT + 40, MADT);
    put_header(RSDT, "RSDT", 44);
    phys_put64(XSDT + 36, FACP);
    phys_put64(XSDT + 44, MADT);
    put_header(XSDT, "XSDT", 52);
    put_header(FACP, "FACP", 116);
}

/* Four CPUs, one of them off, and what a PC has. */
static void put_good(uint8_t revision)
{
    phys_clear();
    madt_end = MADT + 44;
    phys_put32(MADT + 36, 0xfee00000);
    phys_put32(MADT + 40, 1);
    for (uint8_t id = 0; id < 4; id++)
        add_cpu(id, id != 2);
    add_ioapic(0, 0xfec00000, 0);
    add_override(0, 2, 0);
    add_override(9, 9, 0xd);
    add_override(11, 20, 0xf);
    close_madt();
    put_roots(revision);
}

static bool parse(void)
{
    host_console_clear();
    return acpi_parse(phys_map, 0, &platform);
}

static void check_good(void)
{
    CHECK(parse());
    CHECK_STR(host_console(), "");
    CHECK_INT(platform.ncpus, 3);
    CHECK_INT(platform.nfound, 3);
    CHECK_INT(platform.cpus[1].lapic_id, 1);
    CHECK_INT(platform.cpus[2].lapic_id, 3);
    CHECK_INT(platform.lapic_pa, 0xfee00000);
    CHECK_INT(platform.nioapics, 1);
    CHECK_INT(platform.ioapics[0].pa, 0xfec00000);
    CHECK(platform.has_8259 && !platform.has_imcr);
    platform_check_invariants(0);
}

static void acpi_by_rsdt(void)
{
    put_good(0);
    check_good();
}

static void acpi_by_xsdt(void)
{
    put_good(2);
    phys_put32(RSDP + 16, 0); /* no RSDT to fall back on */
    phys_fix_checksum(RSDP, 20, RSDP + 8);
    phys_fix_checksum(RSDP, 36, RSDP + 32);
    check_good();
}

static void acpi_irq_overrides(void)
{
    put_good(2);
    CHECK(parse());
    CHECK(platform.irqs[0].gsi == 2 && !platform.irqs[0].level && !platform.irqs[0].active_low);
    CHECK(platform.irqs[1].gsi == 1 && !platform.irqs[1].level && !platform.irqs[1].active_low);
    CHECK(platform.irqs[9].gsi == 9 && platform.irqs[9].level && !platform.irqs[9].active_low);
    CHECK(platform.irqs[11].gsi == 20 && platform.irqs[11].level && platform.irqs[11].active_low);
}

static void acpi_rsdp_in_ebda(void)
{
    put_good(0);
    memcpy(phys + 0x9fc10, phys + RSDP, 36);
    memset(phys + RSDP, 0, 36);
    CHECK(!parse());
    phys_put16(0x40e, 0x9fc0);
    check_good();
}

/* The last place that an ACPI 1.0 pointer can be in, with its 20 bytes. */
static void acpi_rsdp_at_the_end(void)
{
    put_good(0);
    memcpy(phys + 0xfffe0, phys + RSDP, 20);
    memset(phys + RSDP, 0, 36);
    check_good();
}

static void acpi_damaged_xsdt_falls_back(void)
{
    put_good(2);
    phys[XSDT + 20]++;
    CHECK(parse());
    CHECK_INT(platform.ncpus, 3);
    CHECK(strstr(host_console(), "XSDT is out of reach or damaged") != NULL);
}

static void acpi_no_table(void)
{
    phys_clear();
    CHECK(!parse());
    put_good(0);
    phys[RSDP + 9]++; /* its checksum is wrong now */
    CHECK(!parse());
    put_good(0);
    phys[MADT + 20]++;
    CHECK(!parse());
    CHECK(strstr(host_console(), "APIC is out of reach or damaged") != NULL);
    put_good(0);
    memcpy(phys + MADT, "XPIC", 4);
    CHECK(!parse());
}

static void acpi_bad_lengths(void)
{
    static const uint32_t lengths[] = {0, 8, 35, 0x10001, 0x7fffffff, UINT32_MAX};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put_good(0);
        phys_put32(MADT + 4, lengths[i]);
        CHECK(!parse());
        put_good(0);
        phys_put32(RSDT + 4, lengths[i]);
        CHECK(!parse());
    }
}

/* Tables that end in memory's last bytes, and such as would end behind it. */
static void acpi_end_of_memory(void)
{
    put_good(0);
    phys_put32(RSDT + 40, PHYS_SIZE - 20);
    put_header(RSDT, "RSDT", 44);
    CHECK(!parse());
    phys_put32(RSDT + 40, PHYS_SIZE - 44);
    put_header(RSDT, "RSDT", 44);
    memcpy(phys + PHYS_SIZE - 44, phys + MADT, 44);
    CHECK(!parse());
}

static void acpi_truncated_everywhere(void)
{
    put_good(0);
    uint32_t whole = madt_end - MADT;

    for (uint32_t len = 36; len <= whole; len++) {
        put_good(0);
        put_header(MADT, "APIC", len);
        if (parse())
            platform_check_invariants(0);
        else
            CHECK(len < 44 + 8);
    }
}

static void acpi_bad_entry_length(void)
{
    for (uint8_t len = 0; len < 2; len++) {
        put_good(0);
        phys[MADT + 44 + 8 + 1] = len;
        close_madt();
        CHECK(parse());
        CHECK_INT(platform.ncpus, 1);
        CHECK(strstr(host_console(), "the rest is ignored") != NULL);
    }
    put_good(0);
    phys[MADT + 44 + 1] = 7; /* too short for a CPU, and what follows it makes no sense */
    close_madt();
    CHECK(!parse());
}

static void acpi_lapic_address_override(void)
{
    const uint8_t entry[12] = {5, 12};

    put_good(0);
    add_entry(entry, sizeof(entry));
    phys_put64(madt_end - 8, 0x1fee00000);
    close_madt();
    CHECK(parse());
    CHECK_INT(platform.lapic_pa, 0x1fee00000);
}

static void acpi_boot_cpu_is_first(void)
{
    put_good(0);
    CHECK(acpi_parse(phys_map, 3, &platform));
    CHECK_INT(platform.ncpus, 3);
    CHECK_INT(platform.cpus[0].lapic_id, 3);
    CHECK_INT(platform.cpus[1].lapic_id, 0);
    CHECK_INT(platform.cpus[2].lapic_id, 1);
    CHECK(acpi_parse(phys_map, 77, &platform)); /* the table forgot the boot CPU */
    CHECK_INT(platform.ncpus, 4);
    CHECK_INT(platform.cpus[0].lapic_id, 77);
}

static void acpi_too_many_cpus(void)
{
    put_good(0);
    madt_end = MADT + 44;
    for (uint32_t id = 0; id < 200; id++)
        add_cpu((uint8_t)id, 1);
    for (uint32_t id = 0; id < 200; id++)
        add_cpu((uint8_t)id, 1); /* and each again */
    close_madt();
    CHECK(acpi_parse(phys_map, 150, &platform));
    CHECK_INT(platform.ncpus, GRAIN_MAX_CPUS);
    CHECK_INT(platform.nfound, 200);
    CHECK_INT(platform.cpus[0].lapic_id, 150);
    platform_check_invariants(150);
}

static void acpi_too_many_ioapics(void)
{
    put_good(0);
    add_ioapic(0, 0xfec00000, 0); /* the same again */
    add_ioapic(5, 0, 64);         /* nowhere */
    for (uint8_t i = 1; i < 8; i++)
        add_ioapic(i, 0xfec00000 + i * 0x1000u, i * 24u);
    close_madt();
    CHECK(parse());
    CHECK_INT(platform.nioapics, PLATFORM_IOAPICS_MAX);
    CHECK(strstr(host_console(), "more than 4 IOAPICs") != NULL);
    platform_check_invariants(0);
}

static void acpi_override_of_no_isa_line(void)
{
    put_good(0);
    add_override(16, 5, 0xf);
    add_override(255, 5, 0xf);
    close_madt();
    CHECK(parse());
    platform_check_invariants(0);
}

static void acpi_random_damage(void)
{
    static const uint32_t areas[] = {RSDP, RSDT, XSDT, FACP, MADT};
    static const uint32_t sizes[] = {36, 44, 52, 116, 160};

    for (int run = 0; run < 1000; run++) {
        put_good(unit_random(2) ? 2 : 0);
        for (uint32_t hits = 1 + unit_random(6); hits != 0; hits--) {
            uint32_t i = unit_random(5);
            phys[areas[i] + unit_random(sizes[i])] = (uint8_t)unit_random(256);
        }
        /* Mostly with good checksums, or little but those would be tested. */
        if (unit_random(4) != 0) {
            phys_fix_checksum(RSDP, 20, RSDP + 8);
            for (uint32_t i = 1; i < 5; i++) {
                uint32_t len = platform_read32(phys + areas[i] + 4);
                if (len >= 36 && len < 0x1000)
                    phys_fix_checksum(areas[i], len, areas[i] + 9);
            }
        }
        if (parse())
            platform_check_invariants(0);
    }
}

static void acpi_random_madt(void)
{
    for (int run = 0; run < 1000; run++) {
        put_good(0);
        for (uint32_t i = MADT + 44; i < MADT + 0x400; i++)
            phys[i] = (uint8_t)unit_random(unit_random(2) ? 16 : 256);
        put_header(MADT, "APIC", 36 + unit_random(0x3c0));
        if (parse())
            platform_check_invariants(0);
    }
    phys_clear();
}

int main(void)
{
    UNIT_RUN(acpi_by_rsdt);
    UNIT_RUN(acpi_by_xsdt);
    UNIT_RUN(acpi_irq_overrides);
    UNIT_RUN(acpi_rsdp_in_ebda);
    UNIT_RUN(acpi_rsdp_at_the_end);
    UNIT_RUN(acpi_damaged_xsdt_falls_back);
    UNIT_RUN(acpi_no_table);
    UNIT_RUN(acpi_bad_lengths);
    UNIT_RUN(acpi_end_of_memory);
    UNIT_RUN(acpi_truncated_everywhere);
    UNIT_RUN(acpi_bad_entry_length);
    UNIT_RUN(acpi_lapic_address_override);
    UNIT_RUN(acpi_boot_cpu_is_first);
    UNIT_RUN(acpi_too_many_cpus);
    UNIT_RUN(acpi_too_many_ioapics);
    UNIT_RUN(acpi_override_of_no_isa_line);
    UNIT_RUN(acpi_random_damage);
    UNIT_RUN(acpi_random_madt);
    return unit_done();
}
