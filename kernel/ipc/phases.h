/* The two phases of an ipc, for the files of this folder. What an ipc is about stands in the env:
 * ipc_op, ipc_partner, and wait_from for its receive phase (abi/ipc.h, kernel/env.h).
 *
 * Locks: one env lock at a time, none over a call of these.
 */
#ifndef GRAIN_IPC_PHASES_H
#define GRAIN_IPC_PHASES_H

#include "kernel/ipc/mailbox.h"
#include "kernel/ipc/transfer.h"

/* How long `phase` may wait, microseconds: IPC_NEVER without a timeout. Read once. */
static inline uint32_t ipc_timeout_us(const struct env *e, uint32_t phase)
{
    if (!(e->ipc_op & IPC_TIMED))
        return IPC_NEVER;
    return phase == IPC_PHASE_SEND ? READ_ONCE(e->utcb->send_us) : READ_ONCE(e->utcb->recv_us);
}

/* Sending. */

/* The send phase of a plain send or call of `self`, which is current. 0: delivered, and *to, owned by
 * this CPU, is to be woken or run. Blocks, and then runs another env instead of returning. */
int ipc_send(struct env *self, struct env **to) MUST_CHECK;

/* The send phase of a reply. It never blocks. A client that is not waiting loses the answer (*to is NULL),
 * one that cannot take the pages gets the error; a range that is wrong on this side is the server's
 * error, and the client waits on. */
int ipc_reply(struct env *self, struct env **to) MUST_CHECK;
/* Its second half, when `to` is claimed; if it is an error, `to` waits on. */
int ipc_answer_failed(struct env *to, int error) MUST_CHECK;
MUST_CHECK static inline int ipc_answer(struct env *self, struct env *to)
{
    int error = ipc_transfer(self, to);

    return likely(error == 0) ? 0 : ipc_answer_failed(to, error);
}

/* The transfer to a claimed receiver failed: it waits on as if nothing had been. */
void ipc_put_back(struct env *to);

/* `from` was claimed from a queue, and its message has gone over or failed. */
void ipc_finish_sender(struct env *from, int error);

/* The env that `self` waits for alone, if it is queued at this mailbox; else NULL. */
struct env *ipc_queued_partner_locked(struct env *self, struct env *box) REQUIRES(&box->lock);

/* Receiving. */

/* `to`, owned by this CPU, lives here, and nothing better than it is ready. */
static inline bool ipc_may_run_next(const struct env *to)
{
    return mailbox_is_home(to) &&
           (this_cpu()->ready_mask & atomic_load_explicit(&to->above, memory_order_relaxed)) == 0;
}

/* Whom the receive phase of `self` will wait for. Before its send phase. False: for an env that is dead, or was
 * not there a moment ago. */
bool ipc_publish_partner(struct env *self) MUST_CHECK;
MUST_CHECK static inline ALWAYS_INLINE bool ipc_publish_wait(struct env *self)
{
    if (ipc_is_closed(self) && self->ipc_partner != WAIT_ANY)
        return ipc_publish_partner(self);
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    return true;
}

/* `self`, current and with a mailbox of its own, waits for `to`, which this CPU has just claimed and which
 * lives here. No lock is needed: `to` has nothing queued for it and can have nothing before this CPU runs
 * it; what others look at under its lock is written before the state that makes it count; and after that
 * `self` is not touched any more: an env that serves the mailbox of `to` may answer from another CPU. */
static inline ALWAYS_INLINE void ipc_block_for(struct env *self, uint32_t partner, uint32_t ready)
{
    atomic_store_explicit(&self->wait_from, partner, memory_order_relaxed);
    atomic_store_explicit(&self->waits_at, self, memory_order_relaxed);
    atomic_store_explicit(&self->ready, ready, memory_order_relaxed);
    env_set_state(self, ENV_STATE_RECEIVING);
}

/* Receives, after `to` (or nobody: NULL) was given a message; runs that one, `self` or another env. */
_Noreturn void ipc_receive_after(struct env *self, struct env *to);

#endif
