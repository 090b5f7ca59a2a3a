/* The JOS user API: page tables and processor flags, as user code sees them.
 *
 * The processor runs with PAE: an entry is 64 bits wide, a table has 512 of them, and a page-directory
 * entry is for 2 MiB. With the names below a program need not know.
 */
#ifndef JOS_INC_MMU_H
#define JOS_INC_MMU_H

#ifndef __ASSEMBLER__
#include <inc/segments.h>
#include <inc/types.h>
#endif

/* A linear address: directory index, table index, offset. */
#define PGNUM(la)       (((uintptr_t)(la)) >> PTXSHIFT)
#define PDX(la)         (((uintptr_t)(la)) >> PDXSHIFT)
#define PTX(la)         ((((uintptr_t)(la)) >> PTXSHIFT) & 0x1FF)
#define PGOFF(la)       (((uintptr_t)(la)) & 0xFFF)
#define PGADDR(d, t, o) ((void *)((d) << PDXSHIFT | (t) << PTXSHIFT | (o)))

#define NPDENTRIES 1536 /* of uvpd: user memory and the window itself, 3 GiB */
#define NPTENTRIES 512

#define PGSIZE   4096
#define PGSHIFT  12
#define PTSIZE   (PGSIZE * NPTENTRIES) /* bytes that a page-directory entry maps */
#define PTSHIFT  21
#define PTXSHIFT 12
#define PDXSHIFT 21

/* Bits of an entry. */
#define PTE_P   0x001
#define PTE_W   0x002
#define PTE_U   0x004
#define PTE_PWT 0x008
#define PTE_PCD 0x010
#define PTE_A   0x020
#define PTE_D   0x040
#define PTE_PS  0x080
#define PTE_G   0x100

#define PTE_AVAIL 0xE00 /* for software */

/* What may stand in a system call's perm. */
#define PTE_SYSCALL (PTE_AVAIL | PTE_P | PTE_W | PTE_U)

#define PTE_ADDR(pte) ((physaddr_t)(pte) & ~(physaddr_t)0xFFF)

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_AM 0x00040000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000

#define CR4_VME 0x00000001
#define CR4_PVI 0x00000002
#define CR4_TSD 0x00000004
#define CR4_DE  0x00000008
#define CR4_PSE 0x00000010
#define CR4_MCE 0x00000040
#define CR4_PCE 0x00000100

#define FL_CF        0x00000001
#define FL_PF        0x00000004
#define FL_AF        0x00000010
#define FL_ZF        0x00000040
#define FL_SF        0x00000080
#define FL_TF        0x00000100
#define FL_IF        0x00000200
#define FL_DF        0x00000400
#define FL_OF        0x00000800
#define FL_IOPL_MASK 0x00003000
#define FL_IOPL_0    0x00000000
#define FL_IOPL_1    0x00001000
#define FL_IOPL_2    0x00002000
#define FL_IOPL_3    0x00003000
#define FL_NT        0x00004000
#define FL_RF        0x00010000
#define FL_VM        0x00020000
#define FL_AC        0x00040000
#define FL_VIF       0x00080000
#define FL_VIP       0x00100000
#define FL_ID        0x00200000

/* Error code of a page fault. */
#define FEC_PR 0x1 /* by a protection violation, else because nothing is mapped */
#define FEC_WR 0x2 /* by a write */
#define FEC_U  0x4 /* in user mode */

#endif
