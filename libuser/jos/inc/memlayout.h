/* The JOS user API: the address space.
 *
 *   ff010000  UENVS: envs[], read-only
 *   c0000000  ULIM: from here on the kernel's
 *   bfffd000  uvpd[]       } own page tables, read-only
 *   bfa00000  UVPT: uvpt[] }
 *   bf800000  UTOP, UXSTACKTOP: below, memory is the user's own; one page of exception stack
 *   bf7fe000  USTACKTOP: one page of stack, an empty page above it
 *   ...
 *   00800000  UTEXT: the program
 *   007ff000  PFTEMP
 *   00400000  UTEMP
 *   00200000  USTABDATA
 */
#ifndef JOS_INC_MEMLAYOUT_H
#define JOS_INC_MEMLAYOUT_H

#ifndef __ASSEMBLER__
#include <inc/mmu.h>
#include <inc/types.h>
#endif

#define GD_KT   0x08
#define GD_KD   0x10
#define GD_UT   0x18
#define GD_UD   0x20
#define GD_TSS0 0x28

#define KERNBASE 0xc0000000
#define ULIM     KERNBASE
#define UVPT     0xbfa00000
#define UVPD     0xbfffd000
#define UENVS    0xff010000

#define UTOP       0xbf800000
#define UXSTACKTOP UTOP
#define USTACKTOP  (UTOP - 2 * PGSIZE)

#define UTEXT     0x00800000
#define UTEMP     ((void *)0x00400000)
#define PFTEMP    ((void *)(UTEXT - PGSIZE))
#define USTABDATA 0x00200000

/* What else JOS has names for, in the same order and at the same distances. The kernel does not use them, and keeps
 * its own stacks and devices elsewhere. */
#define IOPHYSMEM     0x000A0000 /* physical: the PC's devices, up to */
#define EXTPHYSMEM    0x00100000
#define MPENTRY_PADDR 0x7000 /* where the other CPUs start */
#define MMIOBASE      ULIM
#define MMIOLIM       (MMIOBASE + PTSIZE)
#define KSTACKTOP     (MMIOLIM + PTSIZE)
#define KSTKSIZE      (8 * PGSIZE)
#define KSTKGAP       (8 * PGSIZE)

#ifndef __ASSEMBLER__

typedef uint64_t pte_t;
typedef uint64_t pde_t;

/* The entry of page number n, to be read only where uvpd[PDX(its address)] has PTE_P. */
extern volatile pte_t uvpt[];
extern volatile pde_t uvpd[];

/* The kernel's record of a page in JOS. The type alone: there is no pages[] to be seen here. */
struct PageInfo {
    struct PageInfo *pp_link; /* the next one that is free */
    uint16_t pp_ref;          /* how often it is mapped */
};

#endif
#endif
