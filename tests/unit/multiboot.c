/* kernel/arch/x86/multiboot.c: what loaders write, and what none should. */
#include "kernel/arch/x86/multiboot.h"

#include "arch_host.h"
#include "phys_host.h"
#include "unit.h"

#define INFO    0x9000u
#define MAP     0x9100u
#define MODULES 0x9800u
#define TEXT    0xa000u

#define FLAGS_ALL 0x24du /* memory, command line, modules, map, loader */

#define KERNEL_START 0x100000u
#define KERNEL_END   0x180000u

static struct bootinfo out;

static bool parse(void)
{
    const struct multiboot_input input = {
        .magic = MULTIBOOT_LOADER_MAGIC,
        .info_pa = INFO,
        .kernel_start = KERNEL_START,
        .kernel_end = KERNEL_END,
        .map = phys_map,
    };

    host_console_clear();
    return multiboot_parse(&input, &out);
}

static void put_region(uint32_t index, uint64_t base, uint64_t len, uint32_t type)
{
    uint32_t pa = MAP + index * 24;

    phys_put32(pa, 20);
    phys_put64(pa + 4, base);
    phys_put64(pa + 12, len);
    phys_put32(pa + 20, type);
}

static void put_module(uint32_t index, uint32_t start, uint32_t end, uint32_t text)
{
    phys_put32(MODULES + index * 16, start);
    phys_put32(MODULES + index * 16 + 4, end);
    phys_put32(MODULES + index * 16 + 8, text);
}

/* A good information with two regions and two modules. */
static void put_info(void)
{
    phys_clear();
    phys_put32(INFO, FLAGS_ALL);
    phys_put32(INFO + 4, 639);
    phys_put32(INFO + 8, 130048);
    phys_put32(INFO + 16, TEXT);
    phys_put_text(TEXT, "log=debug cpus=2");
    phys_put32(INFO + 20, 2);
    phys_put32(INFO + 24, MODULES);
    put_module(0, 0x200000, 0x200123, TEXT + 0x100);
    put_module(1, 0x201000, 0x203000, 0);
    phys_put_text(TEXT + 0x100, "init a b");
    phys_put32(INFO + 44, 48);
    phys_put32(INFO + 48, MAP);
    put_region(0, 0, 0x9fc00, 1);
    put_region(1, 0xfffc0000, 0x40000, 2);
    phys_put32(INFO + 64, TEXT + 0x200);
    phys_put_text(TEXT + 0x200, "GRUB 2.06");
}

static void multiboot_good(void)
{
    put_info();
    CHECK(parse());
    CHECK_STR(host_console(), "");
    CHECK_STR(out.cmdline, "log=debug cpus=2");
    CHECK_STR(out.loader, "GRUB 2.06");
    CHECK_INT(out.nregions, 2);
    CHECK(out.regions[0].base == 0 && out.regions[0].len == 0x9fc00 && out.regions[0].usable);
    CHECK(out.regions[1].base == 0xfffc0000 && !out.regions[1].usable);
    CHECK_INT(out.nmodules, 2);
    CHECK(out.modules[0].start == 0x200000 && out.modules[0].end == 0x200123);
    CHECK_STR(out.modules[0].cmdline, "init a b");
    CHECK_STR(out.modules[1].cmdline, "");
}

static void multiboot_wrong_magic(void)
{
    const struct multiboot_input input = {.magic = 0x36d76289, .info_pa = INFO, .map = phys_map};

    put_info();
    host_console_clear();
    CHECK(!multiboot_parse(&input, &out));
    CHECK(strstr(host_console(), "0x36d76289") != NULL);
}

static void multiboot_info_out_of_reach(void)
{
    const uint32_t places[] = {PHYS_SIZE, PHYS_SIZE - 67, UINT32_MAX, UINT32_MAX - 67};

    for (size_t i = 0; i < 4; i++) {
        const struct multiboot_input input = {
            .magic = MULTIBOOT_LOADER_MAGIC, .info_pa = places[i], .map = phys_map};
        phys_clear();
        CHECK(!multiboot_parse(&input, &out));
    }
}

static void multiboot_file_name_of_qemu(void)
{
    put_info();
    phys_put_text(TEXT, "build/grain.elf  cpus=2 x");
    CHECK(parse());
    CHECK_STR(out.cmdline, "build/grain.elf  cpus=2 x");
    phys_put32(INFO + 64, TEXT + 0x280);
    phys_put_text(TEXT + 0x280, "qemu");
    CHECK(parse());
    CHECK_STR(out.cmdline, "cpus=2 x");
    phys_clear();
    put_info();
    phys_put_text(TEXT, "/grain.elf\0    ");
    phys[TEXT + 10] = 0;
    CHECK(parse());
    CHECK_STR(out.cmdline, "");
}

static void multiboot_without_map(void)
{
    put_info();
    phys_put32(INFO, FLAGS_ALL & ~0x40u);
    CHECK(parse());
    CHECK_INT(out.nregions, 2);
    CHECK(out.regions[0].base == 0 && out.regions[0].len == 639 * 1024u);
    CHECK(out.regions[1].base == 0x100000 && out.regions[1].len == 130048ull * 1024);
    phys_put32(INFO, FLAGS_ALL & ~0x41u);
    CHECK(!parse());
}

static void multiboot_map_that_ends_early(void)
{
    put_info();
    phys_put32(MAP + 24, 3); /* an entry shorter than an entry is */
    CHECK(parse());
    CHECK_INT(out.nregions, 1);
    CHECK(strstr(host_console(), "ends early, 24 of 48") != NULL);
    phys_put32(MAP + 24, 0xfffffffc); /* and one that wraps around */
    CHECK(parse());
    CHECK_INT(out.nregions, 1);
    put_info();
    phys_put32(INFO + 44, UINT32_MAX);
    CHECK(parse());
    CHECK(strstr(host_console(), "ends early") != NULL);
}

static void multiboot_odd_regions(void)
{
    put_info();
    put_region(0, UINT64_MAX - 0xfff, 0x2000, 1);
    put_region(1, 0x1000, 0, 1);
    put_region(2, 0x2000, 0x1000, 1);
    put_region(3, UINT64_MAX - 0xffe, 0x1, 1); /* its beginning would be rounded up to 0, */
    put_region(4, UINT64_MAX - 0xfff, 0x1, 2); /* and the end of this one */
    phys_put32(INFO + 44, 120);
    CHECK(parse());
    CHECK_INT(out.nregions, 1);
    CHECK_INT(out.regions[0].base, 0x2000);
    CHECK(strstr(host_console(), "wraps") != NULL);
}

static void multiboot_too_many_regions(void)
{
    put_info();
    for (uint32_t i = 0; i < BOOT_REGIONS_MAX + 2; i++)
        put_region(i, i * 0x1000ull, 0x1000, 1);
    phys_put32(INFO + 44, 24 * (BOOT_REGIONS_MAX + 2));
    CHECK(parse());
    CHECK_INT(out.nregions, BOOT_REGIONS_MAX);
    CHECK(strstr(host_console(), "more than 64") != NULL);
}

/* Module 0 is bad in the way that the log must say; module 1 stays. */
static void check_bad_module(uint32_t start, uint32_t end, const char *what)
{
    put_info();
    put_module(0, start, end, 0);
    CHECK(parse());
    CHECK_INT(out.nmodules, 1);
    CHECK_INT(out.modules[0].start, 0x201000);
    CHECK(out.first_skipped);
    CHECK(strstr(host_console(), what) != NULL);
}

static void multiboot_bad_modules(void)
{
    check_bad_module(0x202000, 0x201000, "ends before it starts");
    check_bad_module(0x202000, 0x202000, "empty");
    check_bad_module(0x200001, 0x200800, "not page aligned");
    check_bad_module(0x8000, 0x9000, "below 1 MiB");
    check_bad_module(0x2ffff000, 0x30000001, "above the direct map");
    check_bad_module(0xfffff000, 0xffffffff, "above the direct map");
    check_bad_module(0x17f000, 0x181000, "overlaps the kernel");
    check_bad_module(0x100000, 0x101000, "overlaps the kernel");
}

static void multiboot_module_edges(void)
{
    put_info();
    put_module(0, KERNEL_END, KERNEL_END + 0x1000, 0);
    put_module(1, 0x2ffff000, 0x30000000, 0);
    CHECK(parse());
    CHECK_INT(out.nmodules, 2);
    put_module(1, KERNEL_END, KERNEL_END + 1, 0);
    CHECK(parse());
    CHECK_INT(out.nmodules, 1);
    CHECK(!out.first_skipped);
    CHECK(strstr(host_console(), "overlaps another module") != NULL);
}

static void multiboot_too_many_modules(void)
{
    put_info();
    phys_put32(INFO + 20, BOOT_MODULES_MAX + 5);
    for (uint32_t i = 0; i < BOOT_MODULES_MAX + 5; i++)
        put_module(i, 0x200000 + i * 0x1000, 0x200800 + i * 0x1000, 0);
    CHECK(parse());
    CHECK_INT(out.nmodules, BOOT_MODULES_MAX);
    CHECK(strstr(host_console(), "37 modules") != NULL);
}

static void multiboot_module_list_out_of_reach(void)
{
    put_info();
    phys_put32(INFO + 24, UINT32_MAX - 3);
    CHECK(parse());
    CHECK_INT(out.nmodules, 0);
    CHECK(strstr(host_console(), "out of reach") != NULL);
}

static void multiboot_long_texts_are_cut(void)
{
    put_info();
    memset(phys + TEXT, 'x', 0x1000);
    CHECK(parse());
    CHECK_INT(strlen(out.cmdline), sizeof(out.cmdline) - 1);
    CHECK_INT(strlen(out.loader), sizeof(out.loader) - 1);
    CHECK_INT(strlen(out.modules[0].cmdline), sizeof(out.modules[0].cmdline) - 1);
    CHECK(strstr(host_console(), "too long") != NULL);
}

static void multiboot_text_out_of_reach(void)
{
    put_info();
    phys_put32(INFO + 16, PHYS_SIZE - 2);
    phys[PHYS_SIZE - 2] = phys[PHYS_SIZE - 1] = 'x';
    CHECK(parse());
    CHECK_STR(out.cmdline, "");
}

static void check_invariants(void)
{
    CHECK(out.nregions <= BOOT_REGIONS_MAX && out.nmodules <= BOOT_MODULES_MAX);
    CHECK(memchr(out.cmdline, 0, sizeof(out.cmdline)) != NULL);
    CHECK(memchr(out.loader, 0, sizeof(out.loader)) != NULL);
    for (uint32_t i = 0; i < out.nregions; i++)
        CHECK(out.regions[i].len != 0 && out.regions[i].base <= UINT64_MAX - out.regions[i].len);
    for (uint32_t i = 0; i < out.nmodules; i++) {
        const struct boot_module *m = &out.modules[i];
        CHECK(m->start < m->end && m->start % 4096 == 0 && m->end <= DIRECT_MAP_SIZE);
        CHECK(m->end <= KERNEL_START || m->start >= KERNEL_END);
        CHECK(memchr(m->cmdline, 0, sizeof(m->cmdline)) != NULL);
    }
}

static void multiboot_random_garbage(void)
{
    for (int run = 0; run < 300; run++) {
        phys_clear();
        for (uint32_t i = 0; i < 0x2000; i++)
            phys[INFO + i] = (uint8_t)unit_random(256);
        if (parse())
            check_invariants();
    }
}

static void multiboot_damaged(void)
{
    for (int run = 0; run < 2000; run++) {
        put_info();
        for (uint32_t hits = 1 + unit_random(8); hits != 0; hits--) {
            uint32_t area[] = {INFO, MAP, MODULES};
            phys[area[unit_random(3)] + unit_random(72)] = (uint8_t)unit_random(256);
        }
        if (parse())
            check_invariants();
    }
    phys_clear();
}

int main(void)
{
    UNIT_RUN(multiboot_good);
    UNIT_RUN(multiboot_wrong_magic);
    UNIT_RUN(multiboot_info_out_of_reach);
    UNIT_RUN(multiboot_file_name_of_qemu);
    UNIT_RUN(multiboot_without_map);
    UNIT_RUN(multiboot_map_that_ends_early);
    UNIT_RUN(multiboot_odd_regions);
    UNIT_RUN(multiboot_too_many_regions);
    UNIT_RUN(multiboot_bad_modules);
    UNIT_RUN(multiboot_module_edges);
    UNIT_RUN(multiboot_too_many_modules);
    UNIT_RUN(multiboot_module_list_out_of_reach);
    UNIT_RUN(multiboot_long_texts_are_cut);
    UNIT_RUN(multiboot_text_out_of_reach);
    UNIT_RUN(multiboot_random_garbage);
    UNIT_RUN(multiboot_damaged);
    return unit_done();
}
