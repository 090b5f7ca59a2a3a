/* Where a JOS program starts, and where the read-only windows are. On entry: [esp] = argc, [esp + 4] = argv.
 * The System V ABI wants esp + 4 a multiple of 16 at a function's entry.
 */
#include <inc/memlayout.h>

        .globl  envs, uvpt, uvpd
        .set    envs, UENVS
        .set    uvpt, UVPT
        .set    uvpd, UVPD

        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        movl    %esp, %eax
        xorl    %ebp, %ebp
        andl    $-16, %esp
        subl    $8, %esp
        pushl   4(%eax)
        pushl   (%eax)
        call    libmain
        ud2
        .size   _start, . - _start
