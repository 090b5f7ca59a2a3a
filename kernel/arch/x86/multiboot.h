/* What the boot loader (Multiboot 1) tells: command line, memory map, modules.
 *
 * multiboot_parse copies it all out of the loader's memory, which may be reused afterwards except
 * for the modules. It trusts nothing in there; what is malformed is logged and left out.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_MULTIBOOT_H
#define GRAIN_KERNEL_ARCH_X86_MULTIBOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86/physmap.h"

#define MULTIBOOT_LOADER_MAGIC 0x2badb002u

#define BOOT_REGIONS_MAX 64
#define BOOT_MODULES_MAX 32

/* As the firmware reported it: regions may overlap, touch or be unaligned. No region wraps. */
struct boot_region {
    paddr_t base;
    paddr_t len;
    bool usable;
};

/* Page-aligned start, 1 MiB <= start < end <= DIRECT_MAP_SIZE, clear of the kernel and of every
 * other module. The command line is as the loader gave it: QEMU puts the file name first. */
struct boot_module {
    uint32_t start;
    uint32_t end;
    char cmdline[128];
};

struct bootinfo {
    char cmdline[512]; /* the kernel's, without its file name */
    char loader[32];
    uint32_t nregions;
    struct boot_region regions[BOOT_REGIONS_MAX];
    uint32_t nmodules;
    bool first_skipped; /* the loader's first module was malformed: modules[0] is another */
    struct boot_module modules[BOOT_MODULES_MAX];
};

struct multiboot_input {
    uint32_t magic;        /* eax at entry */
    uint32_t info_pa;      /* ebx at entry */
    uint32_t kernel_start; /* physical, the image with .bss */
    uint32_t kernel_end;
    phys_map_fn *map;
};

/* Returns false, with a logged reason, if there is no usable information at all. */
bool multiboot_parse(const struct multiboot_input *input, struct bootinfo *out)
    __attribute__((warn_unused_result));

/* The same for the running kernel: its image, its direct map. */
bool multiboot_read(uint32_t magic, uint32_t info_pa, struct bootinfo *out)
    __attribute__((warn_unused_result));

#endif
