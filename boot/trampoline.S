/* Where application processors start: from real mode to ap_start, on their own stack.
 *
 * The first part is copied to TRAMPOLINE_PA and runs there: real mode, protected mode, the boot page
 * tables (which map it at its own address). ap_start is kernel text: it loads the CPU's final page
 * tables, on which its stack exists, and calls smp_enter(index).
 *
 * A CPU goes on only if it finds the ticket with its own LAPIC id. One that starts after the BSP has
 * given it up finds none, or another's, and stops here.
 */
#include "abi/layout.h"
#include "kernel/arch/x86/trampoline.h"

#define HERE(label) (TRAMPOLINE_PA + (label) - trampoline_start)

#define SEL_CODE 0x08
#define SEL_DATA 0x10

#define CR0_PE   0x00000001
#define CR0_WP   0x00010000
#define CR0_NW   0x20000000
#define CR0_CD   0x40000000
#define CR0_PG   0x80000000
#define CR4_PAE  0x00000020
#define MSR_EFER 0xc0000080

    .section .rodata.trampoline, "a"
    .balign 16
    .globl trampoline_start
trampoline_start:
    .code16
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl HERE(gdt_pointer)
    movl %cr0, %eax
    andl $~(CR0_CD | CR0_NW), %eax  /* INIT leaves the caches off */
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $SEL_CODE, $HERE(protected)

    .code32
protected:
    movl $SEL_DATA, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    xorl %eax, %eax
    movw %ax, %fs
    movw %ax, %gs

    movl HERE(word_lapic_id_pa), %ecx
    movl (%ecx), %eax
    shrl $24, %eax
    orl $TRAMPOLINE_TICKET, %eax
    xorl %edx, %edx
    lock cmpxchgl %edx, HERE(trampoline_words)
    jne stop

    movl $CR4_PAE, %eax             /* before CR0.PG, as on the BSP */
    movl %eax, %cr4
    movl HERE(word_boot_efer), %eax
    testl %eax, %eax
    jz 1f
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    wrmsr
1:  movl HERE(word_boot_cr3), %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP), %eax
    movl %eax, %cr0
    jmp *HERE(word_entry)

stop:
    cli
    hlt
    jmp stop

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff        /* code, then data: flat, 4 GiB */
    .quad 0x00cf92000000ffff
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long HERE(gdt)

    .balign 4
    .globl trampoline_words
trampoline_words:                   /* struct trampoline_words; the first word is the ticket */
    .long 0
word_lapic_id_pa:
    .long 0
word_boot_cr3:
    .long 0
word_boot_efer:
    .long 0
word_entry:
    .long 0
word_index:
    .long 0
word_kernel_cr3:
    .long 0
word_stack_top:
    .long 0
    .globl trampoline_end
trampoline_end:

    .text
    .globl ap_start
ap_start:
    movl HERE(word_index), %eax
    movl HERE(word_kernel_cr3), %ecx
    movl HERE(word_stack_top), %edx
    movl %ecx, %cr3                 /* the trampoline and its descriptors are gone from here on */
    movl %edx, %esp
    xorl %ebp, %ebp                 /* ends a backtrace, and so does the return address 0 */
    subl $12, %esp
    pushl %eax
    pushl $0
    jmp smp_enter

    .section .note.GNU-stack, "", @progbits
