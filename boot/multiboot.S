/* Multiboot 1 entry: from the loader's flat protected mode to kernel_main() at high addresses.
 *
 * _start is linked and runs at its physical address. It checks that the CPU has what paging needs,
 * clears .bss, builds the boot page tables (PAE, 2 MiB pages) and jumps to start_high. The boot
 * tables map the first 16 MiB at their own addresses and the direct map at KERNEL_BASE; the AP
 * trampoline starts on them too, so they stay intact and are part of the image for ever.
 *
 * ebx keeps the multiboot information's address and ebp the loader's magic until the call.
 */
#include "abi/layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000003 /* modules page-aligned, memory information */

#define PHYS(symbol) ((symbol) - KERNEL_BASE)

#define MULTIBOOT_LOADER 0x2badb002
#define INFO_HAS_MEMORY  1 /* bit of the information's first word */
#define INFO_UPPER_KIB   8 /* memory from 1 MiB on */
#define LOW_STACK        0x7c00

#define LOW_PAGES    8   /* identity map: 16 MiB */
#define DIRECT_PAGES 384 /* direct map: 768 MiB, DIRECT_MAP_SIZE */

#define PTE_PRESENT  0x001
#define PTE_WRITABLE 0x002
#define PTE_LARGE    0x080

#define CR0_WP       0x00010000
#define CR0_NW       0x20000000
#define CR0_CD       0x40000000
#define CR0_PG       0x80000000
#define CR4_PAE      0x00000020
#define MSR_EFER     0xc0000080
#define EFER_NXE     0x00000800
#define CPUID_EXT_NX 0x00100000
#define EFLAGS_ID    0x00200000

#define COM1 0x3f8

    .section .boot.header, "a"
    .balign 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .section .boot, "ax"
    .globl _start
_start:
    cli
    cld
    movl %eax, %ebp
    cmpl $MULTIBOOT_LOADER, %eax
    jne 1f
    movl $no_memory, %esi
    testl $INFO_HAS_MEMORY, (%ebx)  /* before the first use of .bss, the stack in it included */
    jz 1f
    movl INFO_UPPER_KIB(%ebx), %eax
    cmpl $(0x3fffff - 1024), %eax   /* 4 GiB and more is enough, and no number for EAX */
    ja 1f
    addl $1024, %eax
    shll $10, %eax
    cmpl $PHYS(kernel_end), %eax
    jb refuse
1:  movl $PHYS(boot_stack_top), %esp
    pushl %ebx

    pushfl                          /* CPUID exists when EFLAGS.ID can be toggled */
    popl %eax
    movl %eax, %ecx
    xorl $EFLAGS_ID, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    movl $no_cpuid, %esi
    testl $EFLAGS_ID, %eax
    jz refuse

    movl $1, %eax
    cpuid
    movl $needed_features, %esi
1:  movzbl (%esi), %ecx             /* each entry: bit of CPUID.1:EDX, then the name */
    incl %esi
    cmpl $0xff, %ecx
    je 3f
    btl %ecx, %edx
    jnc refuse
2:  lodsb                           /* skip the name */
    testb %al, %al
    jnz 2b
    jmp 1b

3:  popl %ebx
    xorl %eax, %eax                 /* ELF says the loader clears .bss; do not depend on it */
    movl $PHYS(kernel_bss_start), %edi
    movl $PHYS(kernel_bss_end), %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    rep stosl

    pushl %ebx
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb 4f
    movl $0x80000001, %eax
    cpuid
    testl $CPUID_EXT_NX, %edx
    jz 4f
    movl $EFER_NXE, PHYS(boot_efer)
4:  popl %ebx

    movl $(PTE_PRESENT | PTE_WRITABLE | PTE_LARGE), %eax
    movl $PHYS(boot_pd_low), %edi
    movl $LOW_PAGES, %ecx
    call fill_directory
    movl $(PTE_PRESENT | PTE_WRITABLE | PTE_LARGE), %eax
    movl $PHYS(boot_pd_direct), %edi
    movl $DIRECT_PAGES, %ecx
    call fill_directory
    movl $(PHYS(boot_pd_low) + PTE_PRESENT), PHYS(boot_pdpt)
    movl $(PHYS(boot_pd_direct) + PTE_PRESENT), PHYS(boot_pdpt) + 3 * 8

    movl $CR4_PAE, %eax             /* before CR0.PG: the tables are read in PAE form at once */
    movl %eax, %cr4
    movl PHYS(boot_efer), %eax
    testl %eax, %eax
    jz 5f
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    wrmsr
5:  movl $PHYS(boot_pdpt), %eax
    movl %eax, %cr3
    movl %cr0, %eax
    andl $~(CR0_CD | CR0_NW), %eax
    orl $(CR0_PG | CR0_WP), %eax
    movl %eax, %cr0
    movl $start_high, %eax
    jmp *%eax

/* eax: first entry; edi: directory; ecx: entries. The upper halves are 0 already, as .bss is. */
fill_directory:
    movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop fill_directory
    ret

/* esi: the name of what is missing. Says so on COM1, which nobody has programmed yet. */
refuse:
    movl $LOW_STACK, %esp           /* the kernel's own may lie where no memory is */
    movl %esi, %ebp
    movl $uart_setup, %esi
1:  movzbl (%esi), %edx
    cmpb $0xff, %dl
    je 2f
    addl $COM1, %edx
    movb 1(%esi), %al
    outb %al, %dx
    addl $2, %esi
    jmp 1b
2:  movl $refusal, %esi
    call print
    movl %ebp, %esi
    call print
    movl $newline, %esi
    call print
3:  cli
    hlt
    jmp 3b

print:
    movb (%esi), %bl
    testb %bl, %bl
    jz 3f
    movl $100000, %ecx              /* with no UART there, give each byte up in the end */
1:  movw $(COM1 + 5), %dx
    inb %dx, %al
    testb $0x20, %al
    loopz 1b
    movb %bl, %al
    movw $COM1, %dx
    outb %al, %dx
    incl %esi
    jmp print
3:  ret

uart_setup:                         /* register, value: 115200 8N1, no interrupts, FIFOs on */
    .byte 1, 0x00, 3, 0x80, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0xc7, 4, 0x03, 0xff

needed_features:
    .byte 3
    .asciz "PSE"
    .byte 4
    .asciz "TSC"
    .byte 5
    .asciz "MSR"
    .byte 6
    .asciz "PAE"
    .byte 8
    .asciz "CMPXCHG8B"
    .byte 9
    .asciz "APIC"
    .byte 0xff
no_cpuid:
    .asciz "CPUID"
no_memory:
    .asciz "memory for the kernel"
refusal:
    .asciz "\r\ngrain: cannot boot: this machine lacks "
newline:
    .asciz "\r\n"

    .text
start_high:
    movl $boot_stack_top, %esp
    movl %ebp, %eax                 /* arguments both ways: on the stack and as for regparm */
    movl %ebx, %edx
    xorl %ebp, %ebp                 /* ends a backtrace, and so does the return address 0 */
    subl $8, %esp
    pushl %edx
    pushl %eax
    pushl $0
    jmp kernel_main

    .bss
    .balign 4096
    .globl boot_pdpt
boot_pdpt:
    .skip 4096
boot_pd_low:
    .skip 4096
boot_pd_direct:
    .skip 4096
    .globl boot_stack, boot_stack_top
boot_stack:
    .skip 16384
boot_stack_top:
    .globl boot_efer                /* low half of EFER for every CPU: EFER_NXE or 0 */
boot_efer:
    .skip 4

    .section .note.GNU-stack, "", @progbits
