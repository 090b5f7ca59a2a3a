/* Page tables: the kernel's own, the hardware part of an address space, windows onto frames.
 *
 * The kernel's directory exists once per CPU; the copies differ in the entry of the per-CPU window.
 * An address space has one page-directory-pointer table per CPU, which differ in the same way, so
 * its CR3 depends on the CPU: paging_cr3().
 */
#ifndef GRAIN_ARCH_X86_PAGING_H
#define GRAIN_ARCH_X86_PAGING_H

#include <stddef.h>

#include "kernel/arch/x86/pte.h"

struct bootinfo;
struct cpu;

#define USER_DIRECTORIES 3

/* One CPU's page-directory-pointer table (SDM 3A, 4.4.1). */
struct x86_pdpt {
    uint64_t entry[4];
};
_Static_assert(sizeof(struct x86_pdpt) == 32, "CR3 points to 32 bytes");

/* BSP, once: the kernel's page tables with final permissions, the frame table, all free frames.
 * Returns with the tables loaded and this_cpu() valid. */
void paging_init(const struct bootinfo *info);

/* BSP: struct cpu, stacks and directory for CPU `id`. False when memory is short. */
bool paging_create_cpu(uint32_t id) MUST_CHECK;

/* Each CPU, first thing: its own page tables. */
void paging_load_cpu(uint32_t id);

/* Registers of a device, uncached, for ever. NULL when the window is full. */
void *paging_map_mmio(paddr_t pa, size_t len);
/* Firmware tables anywhere in memory, read-only. NULL when the window is full. */
const void *paging_map_ro(paddr_t pa, size_t len);

/* Makes `page` (a page-aligned kernel object in the direct map) readable by user code at `va` in
 * the public window. */
void paging_publish(uint32_t va, const void *page, bool executable);

/* The page-directory-pointer tables of an address space: fills one for each CPU. `directories` are
 * three zeroed low frames. */
void paging_init_space(struct x86_pdpt *tables, const uint32_t directories[USER_DIRECTORIES]);
/* Nothing is mapped there any more, and no CPU has it loaded: the directories are all zero afterwards. */
void paging_end_space(const uint32_t directories[USER_DIRECTORIES]);

static inline uint32_t paging_cr3(const struct x86_pdpt *tables, uint32_t cpu)
{
    return virt_to_phys(&tables[cpu]);
}

/* A frame through this CPU's window (or the direct map): valid until the same slot is used again. */
void *paging_kmap(uint32_t pfn, uint32_t slot);
void paging_zero_frame(uint32_t pfn);

#endif
