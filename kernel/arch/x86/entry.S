/* Ways into the kernel and back: SYSENTER, interrupt gates, the system call stub that user code calls.
 *
 * On entry from user mode all registers go straight into the current env (CPU_CURRENT is at a fixed
 * address, so no register is needed to find it); the stack is empty then, and C code may leave by
 * resuming any env. DS and ES are not loaded: see repair_segments. offsets.c makes the symbols CPU_*,
 * ENV_*, RESUME_* and FAST_*.
 */
#include "abi/layout.h"
#include "abi/syscalls.h"
#include "kernel/arch/x86/cpustate.h"
#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/ipc/fastpath.h"
#include "kernel/lock/options.h"

#define E_NO_SYS       9
#define E_PERM         10
#define EFLAGS_ALWAYS  0x2 /* the bit that is always 1, and no other */


    /* The page that user code calls at VSYS_ENTER: copied there, so position-independent. */
    .section .rodata, "a"
    .globl vsys_start, vsys_return, vsys_end
vsys_start:
    movl %esp, %ecx
    sysenter
vsys_return:
    ret
vsys_end:

    .text

/* The registers that a message is in. */
.macro SAVE_WORDS env
    movl %ebx, ENV_EBX(\env)
    movl %esi, ENV_ESI(\env)
    movl %edi, ENV_EDI(\env)
    movl %ebp, ENV_EBP(\env)
.endm

/* SYSENTER: interrupts off, esp = KSTACK_TOP, eax = number, edx = argument 1, ecx = user esp; the flags
 * are the user's but for IF. TF may be set: the debug exception on the first instruction clears it
 * (trap_kernel). NT, DF and AC must neither bother the kernel nor reach another env. */
    .globl sysenter_entry
    .type sysenter_entry, @function
sysenter_entry:
    pushl $EFLAGS_ALWAYS
    popfl
#if GRAIN_FASTPATH
    cmpl $FAST_OP_CALL, %eax
    je .Lfast_call
    cmpl $FAST_OP_REPLY_RECV, %eax
    je .Lfast_reply_recv
    cmpl $FAST_OP_REPLY_RECV_WINDOW, %eax
    je .Lfast_reply_recv_more
    cmpb $SYS_ipc, %al
    je .Lfast_more
.Lslow:
#endif
    pushl %ecx
    movl CPU_CURRENT, %ecx
    movl %eax, ENV_EAX(%ecx)
    movl %edx, ENV_EDX(%ecx)
    popl ENV_ESP(%ecx)
    SAVE_WORDS %ecx
    movl $RESUME_SYSEXIT, ENV_RESUME(%ecx)
#if LOCK_ENTRY_HOOKS
    call kernel_enter_from_asm
    movl CPU_CURRENT, %ecx
    movl ENV_EAX(%ecx), %eax
#endif
.Lsysenter_saved:
    movzbl %al, %edx
    cmpl $SYSCALL_COUNT, %edx
    jae .Lno_such_call
    btl %edx, ENV_SYSCALLS(%ecx)
    jnc .Lforbidden_call
    movl %ecx, %eax
    call *syscall_table(,%edx,4)
.Lsysenter_done:
    /* A handler that comes back has left ebx, esi, edi and ebp as they were. */
    movl CPU_CURRENT, %ecx
    cmpl $0, ENV_PENDING(%ecx)
    jne .Lsysenter_pending
#if LOCK_ENTRY_HOOKS
    pushl %eax
    call kernel_exit_from_asm
    popl %eax
    movl CPU_CURRENT, %ecx
#endif
    movl ENV_ESP(%ecx), %ecx
    movl $VSYS_RETURN, %edx
    sti
    sysexit

.Lsysenter_pending:
    movl %eax, ENV_EAX(%ecx)
    movl %ecx, %eax
    call env_run
.Lno_such_call:
    movl $-E_NO_SYS, %eax
    jmp .Lsysenter_done
.Lforbidden_call:
    movl $-E_PERM, %eax
    jmp .Lsysenter_done

#if GRAIN_FASTPATH
/* One way out for each: a branch that all share would cost all of them one. */
.macro FAST_IPC function
    call \function
    testl %eax, %eax
    jle .Lfast_ended
    movl %edx, %ecx
    movl $VSYS_RETURN, %edx
    sti
    sysexit
.endm
.Lfast_call:
    FAST_IPC ipc_fast_call
.Lfast_reply_recv:
    FAST_IPC ipc_fast_reply_recv

/* The same with more words, with pages, with a window for pages. */
.Lfast_more:
    testb $FAST_OP_SEND, %ah
    jz .Lslow
    pushl %eax
    andl $FAST_OP_MASK, %eax
    cmpl $FAST_OP_CALL, %eax
    popl %eax
    je .Lfast_call_more
    pushl %eax
    andl $FAST_OP_MASK, %eax
    cmpl $FAST_OP_REPLY_RECV, %eax
    popl %eax
    jne .Lslow
.Lfast_reply_recv_more:
    FAST_IPC ipc_fast_reply_recv_more
.Lfast_call_more:
    FAST_IPC ipc_fast_call_more

.Lfast_ended:
    jnz .Lfast_failed
    movl CPU_CURRENT, %ecx
    SAVE_WORDS %ecx
    movl $RESUME_SYSEXIT, ENV_RESUME(%ecx)
    movl ENV_EAX(%ecx), %eax
    jmp .Lsysenter_saved

.Lfast_failed:
    cmpl $FAST_ANSWER, %eax
    je .Lfast_answer
    cmpl $FAST_REST, %eax
    jne .Lfast_error
    /* edx = env: the message is its. */
    SAVE_WORDS %edx
    movl %edx, %eax
    call ipc_fast_rest

.Lfast_answer:
    movl CPU_CURRENT, %ecx
    SAVE_WORDS %ecx
    movl %edx, %eax
    call ipc_fast_answer

/* Something may be pending: then they come from there. */
.Lfast_error:
    movl CPU_CURRENT, %ecx
    SAVE_WORDS %ecx
    jmp .Lsysenter_done
#endif
    .size sysenter_entry, . - sysenter_entry

/* Gates 0 to 255. Each stub is 16 bytes: it pushes an error code where the CPU does not, and its
 * vector. */
#define HAS_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21)

    .globl trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if HAS_ERROR(vector)
    .else
    pushl $0
    .endif
    pushl $vector
    jmp trap_entry
    .set vector, vector + 1
    .endr

/* Stack: vector, error, eip, cs, eflags, and from user mode esp, ss. */
    .type trap_entry, @function
trap_entry:
    testb $3, 12(%esp)
    jz .Lfrom_kernel
    cmpl $VECTOR_NMI, (%esp)
    je .Lfrom_kernel
    cmpl $VECTOR_GP, (%esp)
    je .Luser_gp
.Lfrom_user:
    pushl %eax
    movl CPU_CURRENT, %eax
    movl %edi, ENV_EDI(%eax)
    movl %esi, ENV_ESI(%eax)
    movl %ebp, ENV_EBP(%eax)
    movl %ebx, ENV_EBX(%eax)
    movl %edx, ENV_EDX(%eax)
    movl %ecx, ENV_ECX(%eax)
    popl ENV_EAX(%eax)
    popl %edx
    popl %ecx
    popl ENV_EIP(%eax)
    addl $4, %esp
    popl ENV_EFLAGS(%eax)
    popl ENV_ESP(%eax)
    movl $RESUME_IRET, ENV_RESUME(%eax)
    movl $KSTACK_TOP, %esp
    pushl $EFLAGS_ALWAYS
    popfl
    xorl %ebp, %ebp
    call trap_user

/* User code may have got the selectors of the env that ran before: flat ones, and again. */
.Luser_gp:
    pushl %eax
    movl %ds, %eax
    cmpw $SEL_USER_DATA, %ax
    jne .Lrepair_segments
    movl %es, %eax
    cmpw $SEL_USER_DATA, %ax
    jne .Lrepair_segments
    popl %eax
    jmp .Lfrom_user

/* From the kernel: an exception there, an interrupt of the idle CPU, or an NMI at any moment. First
 * of all without touching data: a selector that user code left in DS or ES may be what faulted. */
.Lfrom_kernel:
    pushl %eax
    cmpl $VECTOR_GP, 4(%esp)
    jne .Lsegments_are_good
    movl %ds, %eax
    cmpw $SEL_USER_DATA, %ax
    jne .Lrepair_segments
    movl %es, %eax
    cmpw $SEL_USER_DATA, %ax
    jne .Lrepair_segments
.Lsegments_are_good:
    movl $SEL_USER_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    popl %eax
    pushal
    cld
    movl %esp, %eax
    xorl %ebp, %ebp
    call trap_kernel
    popal
    addl $8, %esp
    iretl

/* What user code can load is null, its code or its data. The first two fault where the kernel meant
 * flat data; flat selectors now, and the instruction again. */
.Lrepair_segments:
    movl $SEL_USER_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    popl %eax
    addl $8, %esp
    iretl
    .size trap_entry, . - trap_entry

/* eax = env */
    .globl context_resume
    .type context_resume, @function
context_resume:
    movl %eax, %ecx
    movl ENV_EDI(%ecx), %edi
    movl ENV_ESI(%ecx), %esi
    movl ENV_EBP(%ecx), %ebp
    movl ENV_EBX(%ecx), %ebx
    movl ENV_EAX(%ecx), %eax
    cmpl $RESUME_SYSEXIT, ENV_RESUME(%ecx)
    jne .Lresume_iret
    movl ENV_ESP(%ecx), %ecx
    movl $VSYS_RETURN, %edx
    movl $KSTACK_TOP, %esp
    sti
    sysexit
.Lresume_iret:
    movl $KSTACK_TOP, %esp
    pushl $SEL_USER_DATA
    pushl ENV_ESP(%ecx)
    pushl ENV_EFLAGS(%ecx)
    pushl $SEL_USER_CODE
    pushl ENV_EIP(%ecx)
    movl ENV_EDX(%ecx), %edx
    movl ENV_ECX(%ecx), %ecx
    iretl
    .size context_resume, . - context_resume

/* eax = function */
    .globl context_enter_scheduler
    .type context_enter_scheduler, @function
context_enter_scheduler:
    movl $KSTACK_TOP, %esp
    xorl %ebp, %ebp
    call *%eax
    .size context_enter_scheduler, . - context_enter_scheduler
