/* The read-only windows: facts about the system, the table of envs, one's own page tables. */
#ifndef GRAIN_WINDOWS_H
#define GRAIN_WINDOWS_H

#include <stdint.h>

#include "abi/env.h"
#include "abi/layout.h"
#include "abi/perm.h"
#include "abi/sysinfo.h"

/* Facts that do not change after boot. */
static inline const struct sysinfo *sysinfo(void)
{
    return (const struct sysinfo *)SYSINFO_WINDOW;
}

/* The public record of the slot that id names. It is that env's only while record->id == id. */
static inline const struct env_public *env_record(envid_t id)
{
    return &((const struct env_public *)ENVS_WINDOW)[ENV_INDEX(id)];
}

/* The page-directory and page-table entries of va, below KERNEL_BASE, as the processor has them:
 * page_entry() may be called only where page_table_entry() is present, else it faults. */
static inline uint64_t page_table_entry(uintptr_t va)
{
    return ((const volatile uint64_t *)UVPD_WINDOW)[va >> 21];
}

static inline uint64_t page_entry(uintptr_t va)
{
    return ((const volatile uint64_t *)UVPT_WINDOW)[va >> PAGE_SHIFT];
}

/* The physical address of an entry's page: equal for two mappings of one frame. */
static inline uint64_t page_entry_frame(uint64_t entry)
{
    return entry & 0x000ffffffffff000u;
}

/* The permissions (abi/perm.h) with which va's page is mapped in one's own address space; 0 if it
 * is not. May be old as soon as it is returned if another env works on the address space. */
uint32_t page_perm(uintptr_t va);

#endif
