/* The page that application processors start in, shared by boot/trampoline.S and smp.c.
 *
 * STARTUP makes a CPU begin in real mode at the start of a page below 640 KiB; the code there is a
 * copy. Words at its end tell the CPU where to go on. The frame is never free.
 */
#ifndef GRAIN_KERNEL_ARCH_X86_TRAMPOLINE_H
#define GRAIN_KERNEL_ARCH_X86_TRAMPOLINE_H

#define TRAMPOLINE_PA 0x8000

/* Set in a ticket beside the LAPIC id of the CPU that may take it; 0 is no ticket. */
#define TRAMPOLINE_TICKET 0x100

#ifndef __ASSEMBLER__
#include <stdatomic.h>
#include <stdint.h>

/* Laid out like trampoline_words in the assembly. Written by the BSP while nobody holds a ticket. */
struct trampoline_words {
    atomic_uint ticket;   /* the CPU that starts takes it: it becomes 0 */
    uint32_t lapic_id_pa; /* LAPIC id register */
    uint32_t boot_cr3;
    uint32_t boot_efer;
    uint32_t entry; /* smp_enter, on the boot page tables */
    uint32_t index;
    uint32_t kernel_cr3; /* the CPU's own page tables */
    uint32_t stack_top;  /* valid on those */
};

extern const char trampoline_start[];
extern const char trampoline_words[];
extern const char trampoline_end[];
#endif

#endif
