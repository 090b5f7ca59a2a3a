/* Where a program starts. On entry: [esp] = argc, [esp + 4] = argv, [esp + 8] = envp, [esp + 12] = its
 * servers (abi/server.h) or 0.
 * ebp = 0 ends a backtrace; the System V ABI wants esp + 4 a multiple of 16 at a function's entry.
 */
        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        movl    %esp, %eax
        xorl    %ebp, %ebp
        andl    $-16, %esp
        pushl   12(%eax)
        pushl   8(%eax)
        pushl   4(%eax)
        pushl   (%eax)
        call    libuser_start
        ud2
        .size   _start, . - _start
