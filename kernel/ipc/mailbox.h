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

/* `e`, owned, waits no more: its public record says so. */
static inline void mailbox_record_end(struct env *e)
{
    if (unlikely(e->ipc_op & IPC_RECORD))
        e->public->ipc_receiving = 0;
}

/* An ipc ends in an error; `e` is owned. */
static inline void ipc_fail(struct env *e, uint32_t phase, int32_t error)
{
    mailbox_record_end(e);
    e->regs.eax = (uint32_t)error;
    e->utcb->ipc_phase = phase;
}

/* `e`, owned by this CPU, has its own mailbox again. */
void mailbox_leave(struct env *e);

/* The mailbox that the receive of `e` is at, locked: its own when it waits for one partner. NULL: the
 * env whose mailbox it serves is gone, and it has its own again. */
static inline struct env *mailbox_lock_for_receive(struct env *e) NO_LOCK_ANALYSIS
{
    struct env *box =
        ipc_has_partner(e) ? e : atomic_load_explicit(&e->mailbox, memory_order_relaxed);

    env_lock(box);
    /* Under the lock: the dying env flushes its mailbox after it made its id void, and its slot may
     * be another's by now. */
    if (likely(box == e || env_id(box) == e->mailbox_id))
        return box;
    env_unlock(box);
    mailbox_leave(e);
    return NULL;
}

/* Where messages to `target` go: the mailbox that it is attached to, while the env that has it lives. */
static inline struct env *mailbox_of(struct env *target)
{
    struct env *box = atomic_load_explicit(&target->mailbox, memory_order_relaxed);

    return likely(box == target) || env_id(box) == READ_ONCE(target->mailbox_id) ? box : target;
}

/* Locks the mailbox that messages to the env of that id go to: the id is good while the lock is held
 * (its own mailbox), or was a moment ago (an attached one). NULL: no such env. */
static inline struct env *mailbox_lock_of(struct env *target, uint32_t id) NO_LOCK_ANALYSIS
{
    for (;;) {
        struct env *box = mailbox_of(target);

        env_lock(box);
        if (unlikely(env_id(target) != id)) {
            env_unlock(box);
            return NULL;
        }
        /* Under its lock the mailbox's env does not end, nor is it another's who got its slot. */
        if (likely(mailbox_of(target) == box))
            return box;
        env_unlock(box);
    }
}

/* What the fast path may take an env for that blocks; see env.h. */
static inline ALWAYS_INLINE uint32_t mailbox_ready_word(const struct env *e, enum env_state state,
                                                        const struct env *box)
{
    if (state != ENV_STATE_RECEIVING || box != e || e->ipc_op & (IPC_TIMED | IPC_RECORD))
        return 0;
    if (unlikely(e->faulting))
        return READY_FAULT(atomic_load_explicit(&e->wait_from, memory_order_relaxed));
    if (e->resume != ENV_RESUME_SYSEXIT)
        return 0;
    if (ipc_has_partner(e))
        return atomic_load_explicit(&e->wait_from, memory_order_relaxed);
    if (ipc_is_closed(e) || !atomic_load_explicit(&e->is_awaited, memory_order_relaxed))
        return 0;
    return READY_ANY;
}

/* `e` waits in a receive with IPC_RECORD, and its public record says so: under the lock of its mailbox, and
 * after all else, so that who reads it there finds it waiting. */
void mailbox_record_wait(struct env *e);

/* `self`, owned, gets the bits of its mailbox: there are some. */
static inline void mailbox_take_bits_locked(struct env *self, struct env *box) REQUIRES(&box->lock)
{
    mailbox_record_end(self);
    self->regs.eax = 0;
    self->regs.ebx = box->notified;
    box->notified = 0;
}

/* `e`, owned by this CPU, blocks; into which list is left to the caller. */
static inline ALWAYS_INLINE void mailbox_block_locked(struct env *e, enum env_state state,
                                                      struct env *box) REQUIRES(&box->lock)
{
    atomic_store_explicit(&e->waits_at, box, memory_order_relaxed);
    atomic_store_explicit(&e->ready, mailbox_ready_word(e, state, box), memory_order_relaxed);
    env_set_state(e, state);
    if (unlikely(e->ipc_op & IPC_RECORD) && state == ENV_STATE_RECEIVING)
        mailbox_record_wait(e);
}

/* Takes a blocked env off its queue; this CPU owns it then. The lock of its mailbox is held. */
static inline void mailbox_claim_locked(struct env *e)
{
    /* A receiver at its own mailbox stands in no list. */
    if (atomic_load_explicit(&e->waits_at, memory_order_relaxed) != e ||
        env_state(e) == ENV_STATE_SENDING)
        list_remove(&e->link);
    atomic_store_explicit(&e->ready, 0, memory_order_relaxed);
    env_set_state(e, ENV_STATE_CLAIMED);
}

/* The same for an env that may have been claimed by another CPU, on its home CPU. Returns the state that
 * it was in; ENV_STATE_CLAIMED: it was not blocked any more, or one of the bits `unless` is pending. */
enum env_state mailbox_claim_blocked(struct env *e, uint32_t unless) MUST_CHECK;

/* Whether `e` is blocked here, at its own mailbox, which is locked: then its fields stand still. In this
 * order: somewhere else it may have been blocked a moment ago, and run by now. */
static inline bool mailbox_owner_waits_locked(const struct env *e) REQUIRES(&e->lock)
{
    return env_state(e) == ENV_STATE_RECEIVING &&
           atomic_load_explicit(&e->waits_at, memory_order_relaxed) == e;
}

static inline bool mailbox_is_home(const struct env *e)
{
    return atomic_load_explicit(&e->home, memory_order_relaxed) == cpu_id();
}

/* An attached env among those that wait at `box` for anyone; one whose home is this CPU first. */
struct env *mailbox_server_locked(struct env *box, bool for_message) REQUIRES(&box->lock)
    MUST_CHECK;

/* The same, the owner of the mailbox included. */
static inline struct env *mailbox_receiver_locked(struct env *box, bool for_message)
    REQUIRES(&box->lock)
{
    bool owner_waits = mailbox_owner_waits_locked(box) && !ipc_has_partner(box) &&
                       !(for_message && ipc_is_closed(box));
    struct env *server;

    if (owner_waits && (mailbox_is_home(box) || list_is_empty(&box->receivers)))
        return box;
    server = mailbox_server_locked(box, for_message);
    return owner_waits && (server == NULL || !mailbox_is_home(server)) ? box : server;
}

/* Whether `from` serves the same mailbox as the env of that id. */
bool mailbox_serves_with(const struct env *from, uint32_t id);

/* Whether `to` waits at its own mailbox, which is locked, for `from` alone. An answer is also good from an
 * env that serves the partner's mailbox, and nothing but an answer ends a fault. */
static inline bool mailbox_waits_for_locked(const struct env *to, const struct env *from)
    REQUIRES(&to->lock)
{
    bool is_answer = (from->ipc_op & IPC_REPLY) != 0;
    uint32_t wanted;

    if (!mailbox_owner_waits_locked(to) || !ipc_has_partner(to) || (to->faulting && !is_answer))
        return false;
    wanted = atomic_load_explicit(&to->wait_from, memory_order_relaxed);
    return wanted == env_id(from) || (is_answer && mailbox_serves_with(from, wanted));
}

/* Waits for `self` alone? Then it is claimed and returned. *gone: there is no such env any more. */
static inline struct env *mailbox_claim_partner(struct env *self, struct env *target, uint32_t id,
                                                bool *gone)
{
    struct env *found = NULL;

    env_lock(target);
    *gone = env_id(target) != id;
    if (likely(!*gone && mailbox_waits_for_locked(target, self))) {
        mailbox_claim_locked(target);
        found = target;
    }
    env_unlock(target);
    return found;
}

#endif
