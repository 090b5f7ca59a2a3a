/* How the parsers of firmware and loader tables see physical memory.
 *
 * A parser gets a phys_map_fn and calls it for every byte it reads: the kernel passes one over its
 * direct map or paging_map_ro, the unit tests one over a made-up memory.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_PHYSMAP_H
#define GRAIN_KERNEL_ARCH_X86_PHYSMAP_H

#include <stddef.h>

#include "kernel/arch/x86/memlayout.h"

/* The len bytes at pa, at any alignment, readable from now on; NULL if they cannot be reached. len
 * is not 0. In the kernel a call may use up address space: one for a table, not one for a field. */
typedef const void *phys_map_fn(paddr_t pa, size_t len);

#endif
