/* Where assembly finds the fields of C structs: absolute symbols, resolved by the linker, so that no
 * offset is written down twice. */
#include <stddef.h>

#include "abi/ipc.h"
#include "kernel/cpu.h"
#include "kernel/env.h"

#define SYMBOL(name, value) __asm__ volatile(".globl " #name "\n.set " #name ", %c0" : : "i"(value))

/* Never called: it holds no instructions but a return. */
void offsets(void);

void offsets(void)
{
    SYMBOL(CPU_CURRENT, PERCPU_CPU + offsetof(struct cpu, current));
    SYMBOL(ENV_PENDING, offsetof(struct env, pending));
    SYMBOL(ENV_RESUME, offsetof(struct env, resume));
    SYMBOL(ENV_EDI, offsetof(struct env, regs.edi));
    SYMBOL(ENV_ESI, offsetof(struct env, regs.esi));
    SYMBOL(ENV_EBP, offsetof(struct env, regs.ebp));
    SYMBOL(ENV_EBX, offsetof(struct env, regs.ebx));
    SYMBOL(ENV_EDX, offsetof(struct env, regs.edx));
    SYMBOL(ENV_ECX, offsetof(struct env, regs.ecx));
    SYMBOL(ENV_EAX, offsetof(struct env, regs.eax));
    SYMBOL(ENV_EIP, offsetof(struct env, regs.eip));
    SYMBOL(ENV_EFLAGS, offsetof(struct env, regs.eflags));
    SYMBOL(ENV_ESP, offsetof(struct env, regs.esp));
    SYMBOL(ENV_SYSCALLS, offsetof(struct env, limits.syscalls));
    SYMBOL(SYSCALL_COUNT, SYS_MAX);
    SYMBOL(RESUME_SYSEXIT, ENV_RESUME_SYSEXIT);
    SYMBOL(RESUME_IRET, ENV_RESUME_IRET);
    /* The ipcs of the fast path, and what may stand beside these flags. */
    SYMBOL(FAST_OP_CALL, SYS_ipc | IPC_OP_CALL);
    SYMBOL(FAST_OP_REPLY_RECV, SYS_ipc | IPC_OP_REPLY_RECV);
    SYMBOL(FAST_OP_REPLY_RECV_WINDOW, SYS_ipc | IPC_OP_REPLY_RECV | IPC_WINDOW);
    SYMBOL(FAST_OP_SEND, IPC_SEND >> 8);
    SYMBOL(FAST_OP_MASK, ~(IPC_PAGES | IPC_WINDOW | IPC_WORDS_MASK));
}
