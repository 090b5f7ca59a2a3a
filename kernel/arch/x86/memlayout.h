/* The kernel's part of the virtual address space, and conversions. C and assembly include this.
 *
 *   0xff400000 per-CPU window: the same addresses show each CPU its own struct cpu, kernel stack
 *              (guard page below) and double-fault stack; each CPU has its own page directory for
 *              the kernel's GiB, which differs from the others' in this one entry
 *   0xff200000 device registers, uncached; firmware tables, read-only
 *   0xff000000 public windows (abi/layout.h): the only kernel addresses that user code can read
 *   0xc0000000 direct map of physical 0 to 768 MiB, kernel image included
 *
 * Frames above 768 MiB have no kernel address; they are reached through a per-CPU window page at a
 * time (kmap). Kernel objects, page tables and message pages come from below.
 */
#ifndef GRAIN_ARCH_X86_MEMLAYOUT_H
#define GRAIN_ARCH_X86_MEMLAYOUT_H

#include "abi/layout.h"

#define DIRECT_MAP_SIZE GRAIN_U(0x30000000)
#define DIRECT_MAP_END  (KERNEL_BASE + DIRECT_MAP_SIZE)

#define PUBLIC_WINDOW GRAIN_U(0xff000000)
#define MMIO_WINDOW   GRAIN_U(0xff200000)
#define MMIO_SIZE     GRAIN_U(0x00200000)

#define PERCPU_WINDOW   GRAIN_U(0xff400000)
#define PERCPU_CPU      (PERCPU_WINDOW + GRAIN_U(0x1000)) /* struct cpu */
#define PERCPU_CPU_SIZE GRAIN_U(0x3000)
#define KSTACK_BASE     (PERCPU_WINDOW + GRAIN_U(0x11000)) /* the page below is not mapped */
#define KSTACK_TOP      (PERCPU_WINDOW + GRAIN_U(0x15000))
#define DFSTACK_BASE    (PERCPU_WINDOW + GRAIN_U(0x19000)) /* likewise */
#define DFSTACK_TOP     (PERCPU_WINDOW + GRAIN_U(0x1b000))
#define KMAP_WINDOW     (PERCPU_WINDOW + GRAIN_U(0x20000)) /* KMAP_SLOTS pages */
#define KMAP_SLOTS      4
/* THIS_UTCB (abi/layout.h) is the page at PERCPU_WINDOW + 0x30000, and behind it the same frame,
 * writable for the kernel. */
#define UTCB_WORD (THIS_UTCB + GRAIN_U(0x1000))

/* Inside the stub at VSYS_ENTER: its SYSENTER, and where SYSEXIT comes back. */
#define VSYS_SYSENTER (VSYS_ENTER + 2)
#define VSYS_RETURN   (VSYS_ENTER + 4)

#define PERCPU_LOCKSTAT      (PERCPU_WINDOW + GRAIN_U(0x40000)) /* in kernels that keep statistics */
#define PERCPU_LOCKSTAT_SIZE GRAIN_U(0x3000)

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint64_t paddr_t;

/* Where physical 0 is seen. */
#ifdef GRAIN_HOST
extern char *host_memory; /* tests/unit/machine_host.c */
#define DIRECT_MAP ((uintptr_t)host_memory)
#else
#define DIRECT_MAP ((uintptr_t)KERNEL_BASE)
#endif

static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(DIRECT_MAP + (uint32_t)pa);
}

static inline uint32_t virt_to_phys(const void *va)
{
    return (uint32_t)((uintptr_t)va - DIRECT_MAP);
}
#endif

#endif
