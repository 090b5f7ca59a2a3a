/* The page-fault upcall: runs on the exception stack, with esp at a struct UTrapframe.
 *
 * The way back: the faulting eip is stored below the interrupted stack pointer, and with all else restored
 * `ret` takes both. After a nested fault that place is the frame's spare word.
 */
#define UTF_REGS 8
#define UTF_EIP  40
#define UTF_ESP  48

        .text
        .globl  _pgfault_upcall
        .type   _pgfault_upcall, @function
_pgfault_upcall:
        cld
        pushl   %esp
        call    *_pgfault_handler
        addl    $4, %esp

        movl    UTF_ESP(%esp), %eax
        subl    $4, %eax
        movl    %eax, UTF_ESP(%esp)
        movl    UTF_EIP(%esp), %ebx
        movl    %ebx, (%eax)
        addl    $UTF_REGS, %esp
        popal
        addl    $4, %esp
        popfl
        popl    %esp
        ret
        .size   _pgfault_upcall, . - _pgfault_upcall
