/* The receive phase; see phases.h. */
#include "abi/errors.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/phases.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

enum ipc_receive { IPC_GOT, IPC_BLOCKED, IPC_RETRY };

/* How often one kernel entry may try to take a message from a queue of senders that all fail. */
#define RECEIVE_TRIES 8u

bool ipc_partner_is_gone(const struct env *e)
{
    uint32_t partner = atomic_load_explicit(&e->wait_from, memory_order_relaxed);

    return env_state(e) == ENV_STATE_RECEIVING && partner != WAIT_ANY && env_find(partner) == NULL;
}

/* It is published before the partner is looked at: the death of the partner makes its id void and then
 * looks for envs that wait for it, so that either we see the void id or we are found. Pairs with the
 * fence in death_void_id. */
bool ipc_publish_partner(struct env *self)
{
    uint32_t from = self->ipc_partner;

    atomic_store_explicit(&self->wait_from, from, memory_order_relaxed);
    /* The mark is good for an env that was there before: a new one in the slot begins without. One that has it
     * for another's sake is searched for once too often. */
    if (env_find(from) == NULL)
        return false;
    if (!atomic_load_explicit(&env_table[ENV_INDEX(from)].is_awaited, memory_order_relaxed))
        atomic_store_explicit(&env_table[ENV_INDEX(from)].is_awaited, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    return true;
}

struct env *ipc_queued_partner_locked(struct env *self, struct env *box)
{
    struct env *from = env_find(atomic_load_explicit(&self->wait_from, memory_order_relaxed));

    if (from == NULL || env_state(from) != ENV_STATE_SENDING ||
        atomic_load_explicit(&from->waits_at, memory_order_relaxed) != box)
        return NULL;
    return from;
}

/* The next sender that `self` would accept, claimed; NULL if there is none. */
static struct env *next_sender_locked(struct env *self, struct env *box) REQUIRES(&box->lock)
{
    struct env *from;

    if (self->faulting)
        return NULL; /* its pager has to answer */
    if (ipc_has_partner(self)) {
        from = ipc_queued_partner_locked(self, box);
        if (from == NULL)
            return NULL;
    } else if (ipc_is_closed(self) || list_is_empty(&box->senders)) {
        return NULL;
    } else {
        from = CONTAINER_OF(box->senders.next, struct env, link);
        box->passed_over = false;
    }
    mailbox_claim_locked(from);
    return from;
}

/* Bits go before messages, but not twice in a row while senders wait: else who notifies without end keeps them out. */
static bool is_senders_turn_locked(const struct env *self, struct env *box) REQUIRES(&box->lock)
{
    return box->passed_over && !list_is_empty(&box->senders) && !ipc_is_closed(self);
}

/* There is nothing for `self`, which blocks. */
static void block_locked(struct env *self, struct env *box) REQUIRES(&box->lock)
{
    if (box != self)
        list_append(&box->receivers, &self->link); /* with a partner it is at its own */
    mailbox_block_locked(self, ENV_STATE_RECEIVING, box);
}

/* One try of the receive phase of `self`, owned by this CPU. The check that nothing is there and the
 * change to RECEIVING are one step under the mailbox's lock, so nothing is missed. */
static inline ALWAYS_INLINE enum ipc_receive receive_once(struct env *self,
                                                          bool may_block) NO_LOCK_ANALYSIS
{
    struct env *box = mailbox_lock_for_receive(self);
    struct env *from = NULL;
    int error;

    if (box == NULL) {
        ipc_fail(self, IPC_PHASE_RECV, -E_DEAD);
        return IPC_GOT;
    }
    if (ipc_has_partner(self)) {
        from = next_sender_locked(self, box);
    } else if (box->mail) {
        if (box->notified != 0 && !is_senders_turn_locked(self, box)) {
            mailbox_take_bits_locked(self, box);
            box->passed_over = !list_is_empty(&box->senders);
            env_unlock(box);
            return IPC_GOT;
        }
        from = next_sender_locked(self, box);
        box->mail = box->notified != 0 || !list_is_empty(&box->senders);
    }
    if (from == NULL && may_block) {
        block_locked(self, box);
        env_unlock(box);
        return IPC_BLOCKED;
    }
    env_unlock(box);
    if (from == NULL) {
        ipc_fail(self, IPC_PHASE_RECV, -E_TIMEOUT);
        return IPC_GOT;
    }
    error = ipc_transfer(from, self);
    ipc_finish_sender(from, error);
    return error == 0 ? IPC_GOT : IPC_RETRY;
}

static NOINLINE enum ipc_receive receive_again(struct env *self, bool may_block)
{
    enum ipc_receive result = IPC_RETRY;

    for (uint32_t i = 0; i < RECEIVE_TRIES && result == IPC_RETRY; i++)
        result = receive_once(self, may_block);
    return result;
}

static NOINLINE enum ipc_receive receive_timed(struct env *self)
{
    uint32_t us = ipc_timeout_us(self, IPC_PHASE_RECV);
    enum ipc_receive result = receive_again(self, us != 0);

    /* Claimed or not by now: its home is this CPU, which alone sees to its timer. */
    if (result == IPC_BLOCKED && us != IPC_NEVER)
        sched_add_timeout(self, us);
    return result;
}

/* The receive phase of `self`, which is current: IPC_GOT when it is over, with a message or an error
 * in its registers. IPC_RETRY: the rest must wait until others had a turn. */
static inline ALWAYS_INLINE enum ipc_receive receive(struct env *self)
{
    enum ipc_receive result;

    if (unlikely(self->ipc_op & IPC_TIMED))
        return receive_timed(self);
    result = receive_once(self, true);
    return likely(result != IPC_RETRY) ? result : receive_again(self, true);
}

void ipc_resume_receive(struct env *self, bool abort)
{
    uint32_t partner = atomic_load_explicit(&self->wait_from, memory_order_relaxed);
    enum ipc_receive result;

    if (abort) {
        ipc_fail(self, IPC_PHASE_RECV, -E_ABORTED);
        return;
    }
    /* Nobody looked while it was READY. A death from here on is seen: wait_from was published. */
    if (partner != WAIT_ANY && env_find(partner) == NULL) {
        ipc_fail(self, IPC_PHASE_RECV, -E_DEAD);
        return;
    }
    result = receive(self);
    if (result == IPC_BLOCKED)
        sched_schedule();
    if (result == IPC_RETRY) {
        atomic_fetch_or(&self->pending, PENDING_RECEIVE);
        sched_pause(self);
    }
}

/* `self` has blocked, `to` is owned and has its message: it runs at once, without a queue, if it may. */
static inline ALWAYS_INLINE _Noreturn void switch_to(struct env *to)
{
    if (to != NULL) {
        if (ipc_may_run_next(to)) {
            timer_cancel(to);
            env_run(to);
        }
        this_cpu()->current = NULL;
        sched_wake(to);
    }
    sched_schedule();
}

/* `to` is the one that `self` will wait for, so that ipc_block_for will do. */
static bool may_block_for(const struct env *self, const struct env *to)
{
    return env_id(to) == atomic_load_explicit(&self->wait_from, memory_order_relaxed) &&
           mailbox_is_home(to) && !(self->slow & SLOW_ATTACHED) && !(self->ipc_op & IPC_TIMED);
}

_Noreturn void ipc_receive_after(struct env *self, struct env *to)
{
    enum ipc_receive result = IPC_BLOCKED;

    if (to != NULL && may_block_for(self, to))
        ipc_block_for(self, env_id(to), mailbox_ready_word(self, ENV_STATE_RECEIVING, self));
    else
        result = receive(self);
    if (result == IPC_BLOCKED)
        switch_to(to);
    if (to != NULL)
        sched_wake(to);
    if (result == IPC_RETRY) {
        atomic_fetch_or(&self->pending, PENDING_RECEIVE);
        sched_pause(self);
    }
    env_run(self);
}

void ipc_time_receive(struct env *e)
{
    uint32_t us = ipc_timeout_us(e, IPC_PHASE_RECV);

    atomic_fetch_and(&e->pending, ~PENDING_TIMER);
    timer_cancel(e);
    if (us != IPC_NEVER)
        sched_add_timeout(e, us);
}
