/* kernel/arch/x86/mptable.c: a good table, default configurations, damage, garbage. */
#include "kernel/arch/x86/mptable.h"

#include "arch_host.h"
#include "phys_host.h"
#include "platform_host.h"
#include "unit.h"

#define POINTER 0xf6a00u
#define TABLE   0x9d000u

static uint32_t table_end;
static uint16_t table_entries;

static void put_pointer(uint8_t feature1, uint8_t feature2)
{
    phys_put_text(POINTER, "_MP_");
    phys_put32(POINTER + 4, TABLE);
    phys[POINTER + 8] = 1;
    phys[POINTER + 9] = 4;
    phys[POINTER + 11] = feature1;
    phys[POINTER + 12] = feature2;
    phys_fix_checksum(POINTER, 16, POINTER + 10);
}

static void add_entry(const uint8_t *bytes, uint32_t len)
{
    memcpy(phys + table_end, bytes, len);
    table_end += len;
    table_entries++;
}

static void add_cpu(uint8_t id, uint8_t flags)
{
    const uint8_t entry[20] = {0, id, 0x14, flags};

    add_entry(entry, sizeof(entry));
}

static void close_table(void)
{
    phys_put_text(TABLE, "PCMP");
    phys_put16(TABLE + 4, (uint16_t)(table_end - TABLE));
    phys_put16(TABLE + 34, table_entries);
    phys_put32(TABLE + 36, 0xfee00000);
    phys_fix_checksum(TABLE, table_end - TABLE, TABLE + 7);
}

static void put_good(void)
{
    static const uint8_t pci[8] = {1, 0, 'P', 'C', 'I', ' ', ' ', ' '};
    static const uint8_t isa[8] = {1, 1, 'I', 'S', 'A', ' ', ' ', ' '};
    static const uint8_t ioapic[8] = {2, 4, 0x11, 1, 0x00, 0x00, 0xc0, 0xfe};
    static const uint8_t off[8] = {2, 5, 0x11, 0, 0x00, 0x10, 0xc0, 0xfe};
    static const uint8_t timer[8] = {3, 0, 0, 0, 1, 0, 4, 2};
    static const uint8_t level[8] = {3, 0, 0xf, 0, 1, 9, 4, 9};
    static const uint8_t of_pci[8] = {3, 0, 0xf, 0, 0, 3, 4, 17};
    static const uint8_t nmi[8] = {3, 1, 0, 0, 1, 5, 4, 7};
    static const uint8_t elsewhere[8] = {3, 0, 0, 0, 1, 6, 99, 7};
    static const uint8_t local[8] = {4, 1, 0, 0, 0, 0, 255, 1};

    phys_clear();
    table_end = TABLE + 44;
    table_entries = 0;
    put_pointer(0, 0x80);
    add_cpu(0, 3);
    add_cpu(1, 1);
    add_cpu(2, 0);
    add_entry(pci, 8);
    add_entry(isa, 8);
    add_entry(ioapic, 8);
    add_entry(off, 8);
    add_entry(timer, 8);
    add_entry(level, 8);
    add_entry(of_pci, 8);
    add_entry(nmi, 8);
    add_entry(elsewhere, 8);
    add_entry(local, 8);
    close_table();
}

static bool parse(void)
{
    host_console_clear();
    return mptable_parse(phys_map, 0, &platform);
}

static void mptable_good(void)
{
    put_good();
    CHECK(parse());
    CHECK_STR(host_console(), "");
    CHECK_INT(platform.ncpus, 2);
    CHECK_INT(platform.cpus[1].lapic_id, 1);
    CHECK_INT(platform.nioapics, 1);
    CHECK(platform.ioapics[0].id == 4 && platform.ioapics[0].pa == 0xfec00000);
    CHECK(platform.has_imcr && platform.has_8259);
    platform_check_invariants(0);
}

static void mptable_isa_lines(void)
{
    put_good();
    CHECK(parse());
    CHECK(platform.irqs[0].gsi == 2 && !platform.irqs[0].level);
    CHECK(platform.irqs[9].gsi == 9 && platform.irqs[9].level && platform.irqs[9].active_low);
    CHECK(platform.irqs[3].gsi == 3 && !platform.irqs[3].level); /* PCI's, not ISA's */
    CHECK_INT(platform.irqs[5].gsi, 5);                          /* an NMI */
    CHECK_INT(platform.irqs[6].gsi, 6);                          /* on an IOAPIC nobody listed */
}

static void mptable_pointer_places(void)
{
    static const uint32_t places[] = {0x9fc00, 0x9fff0, 0xf0000, 0xffff0};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        put_good();
        memmove(phys + places[i], phys + POINTER, 16);
        memset(phys + POINTER, 0, 16);
        CHECK(parse());
    }
    put_good();
    memmove(phys + 0x80010, phys + POINTER, 16);
    memset(phys + POINTER, 0, 16);
    CHECK(!parse());
    phys_put16(0x40e, 0x8000);
    CHECK(parse());
}

static void mptable_default_configuration(void)
{
    phys_clear();
    put_pointer(5, 0);
    CHECK(parse());
    CHECK_INT(platform.ncpus, 2);
    CHECK_INT(platform.nioapics, 1);
    CHECK_INT(platform.irqs[0].gsi, 2);
    platform_check_invariants(0);
}

static void mptable_no_table(void)
{
    phys_clear();
    CHECK(!parse());
    put_good();
    phys[POINTER + 5]++;
    CHECK(!parse());
    put_good();
    phys[TABLE + 20]++;
    CHECK(!parse());
    CHECK(strstr(host_console(), "damaged") != NULL);
    put_good();
    phys_put32(POINTER + 4, PHYS_SIZE - 10);
    phys_fix_checksum(POINTER, 16, POINTER + 10);
    CHECK(!parse());
}

static void mptable_truncated_everywhere(void)
{
    put_good();
    uint32_t whole = table_end;

    for (uint32_t end = TABLE; end <= whole; end++) {
        put_good();
        table_end = end;
        close_table();
        if (parse())
            platform_check_invariants(0);
        else
            CHECK(end < TABLE + 44 + 20);
    }
}

static void mptable_unknown_entry(void)
{
    put_good();
    phys[TABLE + 44 + 20] = 9;
    close_table();
    CHECK(parse());
    CHECK_INT(platform.ncpus, 1);
    CHECK(strstr(host_console(), "makes no sense") != NULL);
}

static void mptable_two_ioapics_do_not_overlap(void)
{
    static const uint8_t second[8] = {2, 7, 0x11, 1, 0x00, 0x20, 0xc0, 0xfe};

    put_good();
    add_entry(second, 8);
    close_table();
    CHECK(parse());
    CHECK_INT(platform.nioapics, 2);
    CHECK(platform.ioapics[1].gsi_base >= 240);
    platform_check_invariants(0);
}

static void mptable_too_many_cpus(void)
{
    put_good();
    table_end = TABLE + 44;
    table_entries = 0;
    for (uint32_t id = 0; id < 100; id++)
        add_cpu((uint8_t)id, 1);
    close_table();
    CHECK(parse());
    CHECK_INT(platform.ncpus, GRAIN_MAX_CPUS);
    CHECK_INT(platform.nfound, 100);
    platform_check_invariants(0);
}

static void mptable_random(void)
{
    for (int run = 0; run < 2000; run++) {
        put_good();
        for (uint32_t hits = 1 + unit_random(20); hits != 0; hits--)
            phys[TABLE + 34 + unit_random(table_end - TABLE)] = (uint8_t)unit_random(256);
        phys_put16(TABLE + 4, (uint16_t)(unit_random(2) ? table_end - TABLE : unit_random(1024)));
        uint32_t len = platform_read16(phys + TABLE + 4);
        if (len >= 8)
            phys_fix_checksum(TABLE, len, TABLE + 7);
        if (parse())
            platform_check_invariants(0);
    }
    phys_clear();
}

int main(void)
{
    UNIT_RUN(mptable_good);
    UNIT_RUN(mptable_isa_lines);
    UNIT_RUN(mptable_pointer_places);
    UNIT_RUN(mptable_default_configuration);
    UNIT_RUN(mptable_no_table);
    UNIT_RUN(mptable_truncated_everywhere);
    UNIT_RUN(mptable_unknown_entry);
    UNIT_RUN(mptable_two_ioapics_do_not_overlap);
    UNIT_RUN(mptable_too_many_cpus);
    UNIT_RUN(mptable_random);
    return unit_done();
}
