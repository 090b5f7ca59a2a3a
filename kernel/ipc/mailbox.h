/* Mailboxes: who waits at which, and taking envs out of their wait.
 *
 * An env that is blocked in an ipc waits at one mailbox, whose lock guards it (kernel/env.h): a sender
 * at the receiver's; a receiver at its own, or at the one that it is attached to. Senders stand in
 * box->senders. Of receivers that take from anyone only the attached ones stand in a list: the owner
 * of the mailbox is known by its state.
 *
 * Locks: one env lock at a time, nothing under it.
 */
#ifndef GRAIN_IPC_MAILBOX_H
#define GRAIN_IPC_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/ipc.h"
#include "kernel/env.h"

static inline bool ipc_is_closed(const struct env *e)
{
    return (e->ipc_op & IPC_CLOSED) != 0;
}

/* Waits for one env alone. (Closed on partner 0 waits for notifications at its mailbox.) */
static inline bool ipc_has_partner(const struct env *e)
{
    return atomic_load_explicit(&e->wait_from, memory_order_relaxed) != WAIT_ANY;
}

/* An ipc ends in an error; `e` is owned. */
static inline void ipc_fail(struct env *e, uint32_t phase, int32_t error)
{
    e->regs.eax = (uint32_t)error;
    e->utcb->ipc_phase = phase;
}

/* The mailbox that the receive of `e` is at, locked: its own when it waits for one partner. NULL: the
 * env whose mailbox it serves is gone, and it has its own again. */
struct env *mailbox_lock_for_receive(struct env *e) MUST_CHECK;

/* Locks the mailbox that messages to the env of that id go to: the id is good while the lock is held
 * (its own mailbox), or was a moment ago (an attached one). NULL: no such env. */
struct env *mailbox_lock_of(struct env *target, uint32_t id) MUST_CHECK;

/* `e`, owned by this CPU, has its own mailbox again. */
void mailbox_leave(struct env *e);

/* `e`, owned by this CPU, blocks; into which list is left to the caller. */
void mailbox_block_locked(struct env *e, enum env_state state, struct env *box)
    REQUIRES(&box->lock);

/* Takes a blocked env off its queue; this CPU owns it then. The lock of its mailbox is held. */
void mailbox_claim_locked(struct env *e);

/* The same for an env that may have been claimed by another CPU, on its home CPU. Returns the state that
 * it was in; ENV_STATE_CLAIMED: it was not blocked any more, or one of the bits `unless` is pending. */
enum env_state mailbox_claim_blocked(struct env *e, uint32_t unless) MUST_CHECK;

/* An env among those that wait at `box` for anyone; one whose home is this CPU first. */
struct env *mailbox_receiver_locked(struct env *box, bool for_message) REQUIRES(&box->lock)
    MUST_CHECK;

/* Whether `to` waits at its own mailbox, which is locked, for `from` alone. */
bool mailbox_waits_for_locked(const struct env *to, const struct env *from) REQUIRES(&to->lock);

/* Waits for `self` alone? Then it is claimed and returned. *gone: there is no such env any more. */
struct env *mailbox_claim_partner(struct env *self, struct env *target, uint32_t id, bool *gone)
    MUST_CHECK;

#endif
