/* System calls: the table, and what handlers share.
 *
 * A handler gets the calling env, which is current; its arguments are in self->regs (edx, ebx, esi,
 * edi, ebp), and what it returns goes into eax. One that has changed the caller's other registers, or
 * must not return, leaves through env_run or sched_schedule instead.
 */
#ifndef GRAIN_KERNEL_SYSCALL_H
#define GRAIN_KERNEL_SYSCALL_H

#include "kernel/env.h"

typedef REGPARM int32_t syscall_handler(struct env *self);

#define X(number, name, args, text) REGPARM int32_t sys_##name(struct env *self);
GRAIN_SYSCALL_LIST(X)
#undef X

/* By interrupt gate: result in self->regs.eax. */
void syscall_from_gate(struct env *self);

/* Back to user mode such that the same call is made again, with interrupts on in between: for long
 * work, and to wait for another CPU. self->progress is where a handler may note how far it got; at the end of
 * the call, however it ends, it is 0 again. */
_Noreturn void syscall_restart(struct env *self);
/* The same when it is its turn again: for what another env is to do first. */
_Noreturn void syscall_restart_later(struct env *self);

#endif
