/* Parser of the Multiboot 1 information, see multiboot.h. Field offsets: Multiboot 0.6.96, 3.3. */
#include "kernel/arch/x86/multiboot.h"

#include "kernel/log.h"
#include "kernel/string.h"

#define INFO_FLAG_MEMORY  (1u << 0)
#define INFO_FLAG_CMDLINE (1u << 2)
#define INFO_FLAG_MODULES (1u << 3)
#define INFO_FLAG_MAP     (1u << 6)
#define INFO_FLAG_LOADER  (1u << 9)

#define LOW_MEMORY_END 0x100000u

/* No region reaches into the last page: ends are rounded up. */
#define REGION_END_MAX (~(paddr_t)PAGE_MASK)

/* No machine has more; ends the walk through a garbage map. */
#define MAP_BYTES_MAX 65536u

struct info {
    uint32_t flags;
    uint32_t mem_lower_kib; /* from 0 */
    uint32_t mem_upper_kib; /* from 1 MiB */
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count;
    uint32_t mods_addr;
    uint32_t syms[4];
    uint32_t map_length;
    uint32_t map_addr;
    uint32_t drives[2];
    uint32_t config_table;
    uint32_t loader_name;
};
_Static_assert(sizeof(struct info) == 68, "as the loader writes it");

struct info_module {
    uint32_t start;
    uint32_t end;
    uint32_t cmdline;
    uint32_t reserved;
};
_Static_assert(sizeof(struct info_module) == 16, "as the loader writes it");

struct info_region {
    uint32_t size; /* of what follows it */
    uint32_t base[2];
    uint32_t len[2];
    uint32_t type; /* 1: usable */
};
_Static_assert(sizeof(struct info_region) == 24, "as the loader writes it");

static bool info_copy(const struct multiboot_input *input, uint32_t pa, void *to, size_t len)
{
    const void *from = input->map(pa, len);

    if (from == NULL)
        return false;
    memcpy(to, from, len);
    return true;
}

static void info_copy_string(const struct multiboot_input *input, const char *what, uint32_t pa,
                             char *to, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (pa > UINT32_MAX - i || !info_copy(input, pa + (uint32_t)i, &to[i], 1)) {
            log_warn("multiboot: %s at %#x is out of reach, ignored", what, pa);
            to[0] = 0;
            return;
        }
        if (to[i] == 0)
            return;
    }
    to[size - 1] = 0;
    log_warn("multiboot: %s is too long, cut at %zu bytes", what, size - 1);
}

static void add_region(struct bootinfo *out, paddr_t base, paddr_t len, bool usable)
{
    if (len == 0)
        return;
    if (base > REGION_END_MAX || len > REGION_END_MAX - base) {
        log_warn("multiboot: memory region %#llx wraps, ignored", (unsigned long long)base);
        return;
    }
    if (out->nregions == BOOT_REGIONS_MAX) {
        log_warn("multiboot: more than %u memory regions, %#llx ignored", BOOT_REGIONS_MAX,
                 (unsigned long long)base);
        return;
    }
    out->regions[out->nregions++] = (struct boot_region){base, len, usable};
}

static void read_map(const struct multiboot_input *input, const struct info *info,
                     struct bootinfo *out)
{
    uint32_t length = info->map_length < MAP_BYTES_MAX ? info->map_length : MAP_BYTES_MAX;
    uint32_t offset = 0;

    while (length - offset >= sizeof(struct info_region)) {
        struct info_region entry;
        if (info->map_addr > UINT32_MAX - offset ||
            !info_copy(input, info->map_addr + offset, &entry, sizeof(entry)))
            break;
        if (entry.size < sizeof(entry) - sizeof(entry.size) ||
            entry.size > length - offset - sizeof(entry.size))
            break;
        add_region(out, (paddr_t)entry.base[1] << 32 | entry.base[0],
                   (paddr_t)entry.len[1] << 32 | entry.len[0], entry.type == 1);
        offset += entry.size + (uint32_t)sizeof(entry.size);
    }
    if (offset < info->map_length)
        log_warn("multiboot: memory map ends early, %u of %u bytes read", offset, info->map_length);
}

static void read_memory(const struct multiboot_input *input, const struct info *info,
                        struct bootinfo *out)
{
    if (info->flags & INFO_FLAG_MAP)
        read_map(input, info, out);
    if (out->nregions == 0 && (info->flags & INFO_FLAG_MEMORY)) {
        add_region(out, 0, (paddr_t)info->mem_lower_kib * 1024, true);
        add_region(out, LOW_MEMORY_END, (paddr_t)info->mem_upper_kib * 1024, true);
    }
}

/* Returns what is wrong with a module's range, or NULL. */
static const char *module_fault(const struct multiboot_input *input, const struct bootinfo *out,
                                const struct info_module *module)
{
    if (module->end <= module->start)
        return "is empty or ends before it starts";
    if (module->start & PAGE_MASK)
        return "is not page aligned";
    if (module->start < LOW_MEMORY_END)
        return "lies below 1 MiB";
    if (module->end > DIRECT_MAP_SIZE)
        return "lies above the direct map";
    if (module->start < input->kernel_end && module->end > input->kernel_start)
        return "overlaps the kernel";
    for (uint32_t i = 0; i < out->nmodules; i++) {
        if (module->start < out->modules[i].end && module->end > out->modules[i].start)
            return "overlaps another module";
    }
    return NULL;
}

/* Returns false: it is malformed, and skipped. */
static bool add_module(const struct multiboot_input *input, struct bootinfo *out,
                       const struct info_module *module)
{
    const char *fault = module_fault(input, out, module);

    if (fault != NULL) {
        log_warn("multiboot: module %#x-%#x %s, skipped", module->start, module->end, fault);
        return false;
    }
    struct boot_module *to = &out->modules[out->nmodules++];
    to->start = module->start;
    to->end = module->end;
    if (module->cmdline != 0)
        info_copy_string(input, "a module's command line", module->cmdline, to->cmdline,
                         sizeof(to->cmdline));
    return true;
}

static void read_modules(const struct multiboot_input *input, const struct info *info,
                         struct bootinfo *out)
{
    for (uint32_t i = 0; i < info->mods_count; i++) {
        struct info_module module;
        uint32_t offset = i * (uint32_t)sizeof(module);

        if (i == BOOT_MODULES_MAX) {
            log_warn("multiboot: %u modules, only the first %u are looked at", info->mods_count,
                     BOOT_MODULES_MAX);
            return;
        }
        if (info->mods_addr > UINT32_MAX - offset ||
            !info_copy(input, info->mods_addr + offset, &module, sizeof(module))) {
            log_warn("multiboot: module list at %#x is out of reach", info->mods_addr);
            return;
        }
        if (!add_module(input, out, &module) && i == 0)
            out->first_skipped = true;
    }
}

/* QEMU (and GRUB 0.97) put the kernel's file name first, GRUB 2 does not. */
static void strip_file_name(struct bootinfo *out)
{
    const char *args = out->cmdline;

    if (strcmp(out->loader, "qemu") != 0 && args[0] != '/')
        return;
    while (*args != 0 && *args != ' ')
        args++;
    while (*args == ' ')
        args++;
    memmove(out->cmdline, args, strlen(args) + 1);
}

bool multiboot_parse(const struct multiboot_input *input, struct bootinfo *out)
{
    struct info info;

    memset(out, 0, sizeof(*out));
    if (input->magic != MULTIBOOT_LOADER_MAGIC) {
        log_error("multiboot: not started by a Multiboot loader (magic %#x)", input->magic);
        return false;
    }
    if (!info_copy(input, input->info_pa, &info, sizeof(info))) {
        log_error("multiboot: information at %#x is out of reach", input->info_pa);
        return false;
    }
    if (info.flags & INFO_FLAG_LOADER)
        info_copy_string(input, "the loader's name", info.loader_name, out->loader,
                         sizeof(out->loader));
    if (info.flags & INFO_FLAG_CMDLINE)
        info_copy_string(input, "the command line", info.cmdline, out->cmdline,
                         sizeof(out->cmdline));
    strip_file_name(out);
    read_memory(input, &info, out);
    if (info.flags & INFO_FLAG_MODULES)
        read_modules(input, &info, out);
    if (out->nregions == 0)
        log_error("multiboot: the loader gave no memory map");
    return out->nregions != 0;
}

#ifndef GRAIN_HOST
extern const char kernel_boot_start[];
extern const char kernel_end[];

static const void *map_direct(paddr_t pa, size_t len)
{
    return pa < DIRECT_MAP_SIZE && len <= DIRECT_MAP_SIZE - pa ? phys_to_virt(pa) : NULL;
}

bool multiboot_read(uint32_t magic, uint32_t info_pa, struct bootinfo *out)
{
    struct multiboot_input input = {
        .magic = magic,
        .info_pa = info_pa,
        .kernel_start = (uint32_t)(uintptr_t)kernel_boot_start, /* linked where it is loaded */
        .kernel_end = virt_to_phys(kernel_end),
        .map = map_direct,
    };

    return multiboot_parse(&input, out);
}
#endif
