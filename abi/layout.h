/* The virtual address space as user code and kernel both see it. C and assembly include this.
 *
 *   0xffffffff +----------------------------+
 *              | kernel                     |
 *   0xff430000 | address of own UTCB        |  THIS_UTCB, one read-only word, per CPU
 *              | kernel                     |
 *   0xff100000 | lock statistics, if built  |  LOCKSTAT_WINDOW
 *   0xff010000 | envs[]   read-only window  |  ENVS_WINDOW
 *   0xff001000 | sysinfo  read-only window  |  SYSINFO_WINDOW
 *   0xff000000 | system call stub           |  VSYS_ENTER
 *              | kernel                     |
 *   0xc0000000 +----------------------------+  KERNEL_BASE
 *              | own page tables, read-only |  UVPT_WINDOW
 *   0xbfa00000 +----------------------------+
 *              | message pages (UTCBs)      |  UTCB_AREA, one page an env of the address space
 *   0xbf800000 +----------------------------+  USER_TOP: below it memory is the user's own
 *              | exception stack, stack     |
 *              | ...                        |
 *   0x00800000 | program text and data      |  USER_TEXT
 *   0x00000000 +----------------------------+
 */
#ifndef GRAIN_ABI_LAYOUT_H
#define GRAIN_ABI_LAYOUT_H

#ifdef __ASSEMBLER__
#define GRAIN_U(x) x
#else
#define GRAIN_U(x) x##u
#endif

#define PAGE_SHIFT 12
#define PAGE_SIZE  GRAIN_U(4096)
#define PAGE_MASK  GRAIN_U(0xfff)

#define KERNEL_BASE GRAIN_U(0xc0000000)

#define USER_TOP       GRAIN_U(0xbf800000)
#define USER_TEXT      GRAIN_U(0x00800000)
#define USER_STACK_TOP GRAIN_U(0xbf7fe000) /* one unmapped page below the exception stack */
#define UTCB_AREA      USER_TOP
#define UTCB_SLOTS     GRAIN_U(512)
#define UTCB_SIZE      PAGE_SIZE

/* Page-table entries are 64 bits wide (PAE). uvpt[va >> 12] is the entry of va's page, readable
 * only where uvpd[va >> 21] is present. */
#define UVPT_WINDOW GRAIN_U(0xbfa00000)
#define UVPD_WINDOW GRAIN_U(0xbfffd000)

#define VSYS_ENTER     GRAIN_U(0xff000000)
#define SYSINFO_WINDOW GRAIN_U(0xff001000)
#define SYSINFO_PAGES  2
#define ENVS_WINDOW    GRAIN_U(0xff010000)

/* Mapped in kernels that keep lock statistics alone, see abi/lockstat.h. */
#define LOCKSTAT_WINDOW GRAIN_U(0xff100000)

#define THIS_UTCB GRAIN_U(0xff430000)

/* The text screen, 8 pages from physical 0xb8000, in the first env's address space (writable). */
#define BOOT_VGA_VA    GRAIN_U(0x3ff00000)
#define BOOT_VGA_PAGES 8

/* Where the kernel puts the boot modules in the first env's address space (read-only). */
#define BOOT_MODULES_VA GRAIN_U(0x40000000)

#endif
