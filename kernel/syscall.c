/* The system call table; see syscall.h and abi/syscalls.h. */
#include "kernel/syscall.h"

#include "abi/errors.h"
#include "kernel/arch/x86/context.h"
#include "kernel/sched/sched.h"

#define EFLAGS_USER     0x202u
#define INT_INSTRUCTION 2u /* bytes of `int $0x30` */

/* entry.S jumps through it. */
extern syscall_handler *const syscall_table[SYS_MAX];

syscall_handler *const syscall_table[SYS_MAX] = {
#define X(number, name, args, text) [number] = sys_##name,
    GRAIN_SYSCALL_LIST(X)
#undef X
};

void syscall_from_gate(struct env *self)
{
    uint32_t number = self->regs.eax & 0xffu;
    int32_t result;

    if (number >= SYS_MAX)
        result = -E_NO_SYS;
    else if (!(self->limits.syscalls[number / 32] >> number % 32 & 1u))
        result = -E_PERM;
    else
        result = syscall_table[number](self);
    self->regs.eax = (uint32_t)result;
}

static void again(struct env *self)
{
    struct env_regs *regs = &self->regs;

    if (self->resume == ENV_RESUME_SYSEXIT) {
        regs->ecx = regs->esp;
        regs->eip = VSYS_SYSENTER;
        regs->eflags = EFLAGS_USER;
        self->resume = ENV_RESUME_IRET;
    } else {
        regs->eip -= INT_INSTRUCTION;
    }
}

_Noreturn void syscall_restart(struct env *self)
{
    again(self);
    env_run(self);
}

_Noreturn void syscall_restart_later(struct env *self)
{
    again(self);
    sched_requeue(self);
}

REGPARM int32_t sys_null(struct env *self)
{
    (void)self;
    return 0;
}

REGPARM int32_t sys_yield(struct env *self)
{
    if (!sched_has_ready(atomic_load_explicit(&self->priority, memory_order_relaxed)))
        return 0;
    self->regs.eax = 0;
    sched_requeue(self);
}
