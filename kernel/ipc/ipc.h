/* IPC inside the kernel; abi/ipc.h has what user code sees, docs/ipc.md the protocol.
 *
 * Locks: one env lock at a time. To deliver, the lock of the receiver's mailbox is taken to claim the
 * receiver; the transfer itself needs none, because sender and receiver are both owned by this CPU
 * then; aspace locks are taken in it, one after the other.
 */
#ifndef GRAIN_IPC_IPC_H
#define GRAIN_IPC_IPC_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/env.h"

/* The system calls. */
REGPARM int32_t sys_ipc(struct env *self);
REGPARM int32_t sys_notify(struct env *self);
REGPARM int32_t sys_env_attach(struct env *self);

/* `self` runs, and PENDING_RECEIVE was set: the receive phase of its ipc, or its end, if that was asked for.
 * Returns when a message or an error is there, and runs another env otherwise. */
void ipc_resume_receive(struct env *self, bool abort);

/* `self` runs and has faulted on `page`: tells `pager`, in the words of fault_msg. Returns false if there is
 * no such env; otherwise runs another env. */
bool ipc_send_fault(struct env *self, uint32_t pager, uint32_t page);

/* Home CPU: takes a blocked env out of its ipc, which returns `error`. False, and nothing happens, if
 * somebody else has claimed it. */
bool ipc_cancel(struct env *e, int32_t error);

/* Home CPU: `e` has PENDING_TIMER, and is blocked: the timer of its receive phase in place of that of
 * its send phase. */
void ipc_time_receive(struct env *e);

/* A blocked env waits for one partner alone, and that one is dead. */
bool ipc_partner_is_gone(const struct env *e);

/* Whether the limits of `self` let it send to the env of that id, or notify it. */
bool ipc_is_listed(const struct env_limits *limits, uint32_t id);

static inline bool ipc_may_send(const struct env *self, uint32_t id)
{
    return likely(self->limits.send_count == ENV_SEND_ANY) || ipc_is_listed(&self->limits, id);
}

/* Bits for the env of that id, from the kernel: an interrupt, a death. Nobody there: nothing. */
void ipc_notify(uint32_t id, uint32_t bits);

/* An env dies: errors out at most IPC_FLUSH envs that are blocked at its mailbox; true when none is
 * left. Its id is gone already, so no new ones come. */
#define IPC_FLUSH 16u
bool ipc_flush_mailbox(struct env *dead);

#endif
