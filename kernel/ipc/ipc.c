/* The IPC primitive, complete (the fast path only shortens it). See ipc.h and docs/ipc.md. */
#include "kernel/ipc/ipc.h"

#include "abi/errors.h"
#include "abi/ipc.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/ipc/check.h"
#include "kernel/ipc/transfer.h"
#include "kernel/mm/aspace.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

/* How often one kernel entry may try to take a message from a queue of senders that all fail. */
#define IPC_RECEIVE_TRIES 8u

static bool ipc_is_closed(const struct env *e)
{
    return (e->ipc_op & IPC_CLOSED) != 0;
}

/* Waits for one env alone. (Closed on partner 0 waits for notifications at its mailbox.) */
static bool ipc_has_partner(const struct env *e)
{
    return atomic_load_explicit(&e->wait_from, memory_order_relaxed) != WAIT_ANY;
}

/* `e`, owned by this CPU, has its own mailbox again. */
static void ipc_leave_mailbox(struct env *e)
{
    env_lock(e);
    atomic_store_explicit(&e->mailbox, e, memory_order_relaxed);
    WRITE_ONCE(e->mailbox_id, env_id(e));
    env_unlock(e);
}

/* The mailbox that the receive of `e` is at, locked: its own when it waits for one partner. NULL: the
 * env whose mailbox it serves is gone, and it has its own again. */
static struct env *ipc_lock_mailbox(struct env *e) NO_LOCK_ANALYSIS
{
    struct env *box =
        ipc_has_partner(e) ? e : atomic_load_explicit(&e->mailbox, memory_order_relaxed);

    env_lock(box);
    /* Under the lock: the dying env flushes its mailbox after it made its id void, and its slot may
     * be another's by now. */
    if (box == e || env_id(box) == e->mailbox_id)
        return box;
    env_unlock(box);
    ipc_leave_mailbox(e);
    return NULL;
}

static void ipc_fail(struct env *e, uint32_t phase, int32_t error)
{
    e->regs.eax = (uint32_t)error;
    e->utcb->ipc_phase = phase;
}

/* Timeouts. */

static uint32_t ipc_timeout_us(const struct env *e, uint32_t phase)
{
    if (!(e->ipc_op & IPC_TIMED))
        return IPC_NEVER;
    return phase == IPC_PHASE_SEND ? READ_ONCE(e->utcb->send_us) : READ_ONCE(e->utcb->recv_us);
}

/* Blocking. */

/* Takes a blocked env off its queue; the caller owns it then. Returns the state that it was in, or
 * ENV_STATE_CLAIMED: it was not blocked any more, or one of the bits `unless` is pending. */
static enum env_state ipc_claim_blocked(struct env *e, uint32_t unless)
{
    for (;;) {
        enum env_state state = env_state(e);
        struct env *box = atomic_load_explicit(&e->waits_at, memory_order_acquire);

        if (state != ENV_STATE_SENDING && state != ENV_STATE_RECEIVING)
            return ENV_STATE_CLAIMED;
        env_lock(box);
        state = env_state(e);
        if ((state == ENV_STATE_SENDING || state == ENV_STATE_RECEIVING) &&
            atomic_load_explicit(&e->waits_at, memory_order_relaxed) == box) {
            bool claim = (atomic_load_explicit(&e->pending, memory_order_relaxed) & unless) == 0;

            if (claim) {
                list_remove(&e->link);
                env_set_state(e, ENV_STATE_CLAIMED);
            }
            env_unlock(box);
            return claim ? state : ENV_STATE_CLAIMED;
        }
        env_unlock(box);
    }
}

static void ipc_block_locked(struct env *e, enum env_state state, struct env *box)
    REQUIRES(&box->lock)
{
    atomic_store_explicit(&e->waits_at, box, memory_order_relaxed);
    env_set_state(e, state);
}

/* `e` was claimed by this CPU, and blocked again. Something may have been pended or its partner may
 * have died while it was claimed, and the home CPU have looked and left it to us. */
static void ipc_look_again(struct env *e)
{
    /* The state is written before `pending` is read. Pairs with the exchange in inbox_post. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&e->pending) != 0 || ipc_partner_is_gone(e))
        sched_poke(e);
}

bool ipc_partner_is_gone(const struct env *e)
{
    uint32_t partner = atomic_load_explicit(&e->wait_from, memory_order_relaxed);

    return env_state(e) == ENV_STATE_RECEIVING && partner != WAIT_ANY && env_find(partner) == NULL;
}

/* Receiving. */

static void ipc_take_bits_locked(struct env *to, struct env *box) REQUIRES(&box->lock)
{
    to->regs.eax = 0;
    to->regs.ebx = box->notified;
    box->notified = 0;
}

/* The one env that `self` waits for, if it is queued at this mailbox; else NULL. */
static struct env *ipc_queued_partner_locked(struct env *self, struct env *box) REQUIRES(&box->lock)
{
    struct env *from = env_find(atomic_load_explicit(&self->wait_from, memory_order_relaxed));

    if (from == NULL || env_state(from) != ENV_STATE_SENDING ||
        atomic_load_explicit(&from->waits_at, memory_order_relaxed) != box)
        return NULL;
    return from;
}

/* The next sender that `self` would accept, claimed; NULL if there is none. */
static struct env *ipc_next_sender_locked(struct env *self, struct env *box) REQUIRES(&box->lock)
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
    }
    list_remove(&from->link);
    env_set_state(from, ENV_STATE_CLAIMED);
    return from;
}

static void ipc_finish_sender(struct env *from, int error);

enum ipc_receive { IPC_GOT, IPC_BLOCKED, IPC_RETRY };

/* One try of the receive phase of `self`, owned by this CPU. The check that nothing is there and the
 * change to RECEIVING are one step under the mailbox's lock, so nothing is missed. */
static enum ipc_receive ipc_receive_once(struct env *self, bool may_block) NO_LOCK_ANALYSIS
{
    struct env *box = ipc_lock_mailbox(self);
    struct env *from;
    int error;

    if (box == NULL) {
        ipc_fail(self, IPC_PHASE_RECV, -E_DEAD);
        return IPC_GOT;
    }
    if (!ipc_has_partner(self) && box->notified != 0) {
        ipc_take_bits_locked(self, box);
        env_unlock(box);
        return IPC_GOT;
    }
    from = ipc_next_sender_locked(self, box);
    if (from == NULL && may_block) {
        ipc_block_locked(self, ENV_STATE_RECEIVING, box);
        if (!ipc_has_partner(self))
            list_append(&box->receivers, &self->link);
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

/* The receive phase of `self`, which is current: IPC_GOT when it is over, with a message or an error
 * in its registers. IPC_RETRY: the rest must wait until others had a turn. */
static enum ipc_receive ipc_receive(struct env *self)
{
    uint32_t us = ipc_timeout_us(self, IPC_PHASE_RECV);
    enum ipc_receive result = IPC_RETRY;

    for (uint32_t i = 0; i < IPC_RECEIVE_TRIES && result == IPC_RETRY; i++)
        result = ipc_receive_once(self, us != 0);
    /* Claimed or not by now: its home is this CPU, which alone sees to its timer. */
    if (result == IPC_BLOCKED && us != IPC_NEVER)
        sched_add_timeout(self, us);
    return result;
}

/* The window for pages, read once. */
static int ipc_read_window(struct env *self)
{
    self->win_pages = 0;
    if (!(self->ipc_op & IPC_WINDOW))
        return 0;
    self->win_va = READ_ONCE(self->utcb->win_va);
    self->win_pages = READ_ONCE(self->utcb->win_pages);
    return aspace_check_range(self->win_va, self->win_pages);
}

/* Claims. */

/* Whether `from` serves the same mailbox as the env of that id. */
static bool ipc_serves_with(const struct env *from, uint32_t id)
{
    const struct env *e = env_find(id);

    return e != NULL && READ_ONCE(e->mailbox_id) == from->mailbox_id;
}

/* Whether `to` waits at its own mailbox, which is locked, for `from` alone. An answer is also good from
 * an env that serves the partner's mailbox, and nothing but an answer ends a fault. */
static bool ipc_waits_for_locked(const struct env *to, const struct env *from) REQUIRES(&to->lock)
{
    bool is_answer = (from->ipc_op & IPC_REPLY) != 0;
    uint32_t wanted;

    /* In this order. Somewhere else it may have been RECEIVING a moment ago, and run by now: only while
     * it waits here its other fields stand still. */
    if (env_state(to) != ENV_STATE_RECEIVING ||
        atomic_load_explicit(&to->waits_at, memory_order_relaxed) != to || !ipc_has_partner(to))
        return false;
    if (to->faulting && !is_answer)
        return false;
    wanted = atomic_load_explicit(&to->wait_from, memory_order_relaxed);
    return wanted == env_id(from) || (is_answer && ipc_serves_with(from, wanted));
}

/* An env among those that wait at `box` for anyone; one whose home is this CPU first. */
static struct env *ipc_pick_receiver_locked(struct env *box, bool for_message) REQUIRES(&box->lock)
{
    struct env *found = NULL;
    uint32_t looks = GRAIN_MAX_CPUS;

    for (struct list *l = box->receivers.next; l != &box->receivers && looks != 0; l = l->next) {
        struct env *e = CONTAINER_OF(l, struct env, link);

        if (for_message && ipc_is_closed(e))
            continue;
        looks--;
        if (atomic_load_explicit(&e->home, memory_order_relaxed) == cpu_id())
            return e;
        if (found == NULL)
            found = e;
    }
    return found;
}

static struct env *ipc_claim_locked(struct env *e)
{
    if (e == NULL)
        return NULL;
    list_remove(&e->link);
    env_set_state(e, ENV_STATE_CLAIMED);
    return e;
}

/* Where messages to `target` go: the mailbox that it is attached to, while the env that has it lives. */
static struct env *ipc_mailbox_of(struct env *target)
{
    struct env *box = atomic_load_explicit(&target->mailbox, memory_order_relaxed);

    return env_id(box) == READ_ONCE(target->mailbox_id) ? box : target;
}

/* Locks the mailbox that messages to the env of that id go to: the id is good while the lock is held
 * (its own mailbox), or was a moment ago (an attached one). NULL: no such env. */
static struct env *ipc_lock_mailbox_of(struct env *target, uint32_t id) NO_LOCK_ANALYSIS
{
    for (;;) {
        struct env *box = ipc_mailbox_of(target);

        env_lock(box);
        if (env_id(target) != id) {
            env_unlock(box);
            return NULL;
        }
        /* Under its lock the mailbox's env does not end, nor is it another's who got its slot. */
        if (ipc_mailbox_of(target) == box)
            return box;
        env_unlock(box);
    }
}

/* Waits for `self` alone? Then it is claimed. *gone: there is no such env any more. */
static struct env *ipc_claim_partner(struct env *self, struct env *target, uint32_t id, bool *gone)
{
    struct env *found = NULL;

    env_lock(target);
    *gone = env_id(target) != id;
    if (!*gone && ipc_waits_for_locked(target, self))
        found = ipc_claim_locked(target);
    env_unlock(target);
    return found;
}

/* Sending. */

/* `from` was claimed from a queue, and its message has gone over or failed. */
static void ipc_finish_sender(struct env *from, int error)
{
    bool queued;

    if (error != 0) {
        from->faulting = false;
        ipc_fail(from, IPC_PHASE_SEND, error);
        sched_wake(from);
        return;
    }
    if (!(from->ipc_op & IPC_RECV)) {
        from->regs.eax = 0;
        sched_wake(from);
        return;
    }
    /* Others may have sent to it meanwhile. */
    if (!ipc_has_partner(from)) {
        atomic_fetch_or(&from->pending, PENDING_RECEIVE);
        sched_wake(from);
        return;
    }
    /* A call waits for its answer from here on, before its partner can give it: the answer would be
     * lost otherwise. The timer is the home CPU's own, which is told below. */
    if (from->ipc_op & IPC_TIMED)
        atomic_fetch_or(&from->pending, PENDING_TIMER);
    env_lock(from);
    /* The partner may have sent something of its own, when another env took the call for it. */
    queued = !from->faulting && ipc_queued_partner_locked(from, from) != NULL;
    if (!queued)
        ipc_block_locked(from, ENV_STATE_RECEIVING, from);
    env_unlock(from);
    if (!queued) {
        ipc_look_again(from);
        return;
    }
    atomic_fetch_or(&from->pending, PENDING_RECEIVE);
    sched_wake(from);
}

/* The transfer to a claimed receiver failed: it waits on as if nothing had been. */
static void ipc_put_back(struct env *to)
{
    struct env *box = atomic_load_explicit(&to->waits_at, memory_order_relaxed);
    bool blocked = false;

    env_lock(box);
    if (ipc_has_partner(to) ||
        (box->notified == 0 && list_is_empty(&box->senders) && env_id(box) == to->mailbox_id)) {
        ipc_block_locked(to, ENV_STATE_RECEIVING, box);
        if (!ipc_has_partner(to))
            list_prepend(&box->receivers, &to->link);
        blocked = true;
    }
    env_unlock(box);
    if (blocked) {
        ipc_look_again(to);
        return;
    }
    /* Others came meanwhile: it takes from the queue by itself. */
    atomic_fetch_or(&to->pending, PENDING_RECEIVE);
    sched_wake(to);
}

static bool ipc_may_send(const struct env *self, uint32_t id)
{
    const struct env_limits *limits = &self->limits;

    if (likely(limits->send_count == ENV_SEND_ANY))
        return true;
    for (uint32_t i = 0; i < limits->send_count; i++) {
        if ((uint32_t)limits->send_to[i] == id)
            return true;
    }
    return false;
}

/* Queues `self` behind the others and runs another env; or says why not. The mailbox is locked. */
static int ipc_queue_unlock(struct env *self, struct env *box) RELEASES(&box->lock)
{
    uint32_t us = ipc_timeout_us(self, IPC_PHASE_SEND);
    int error = self->ipc_op & IPC_TRY ? -E_IPC_NOT_RECV : us == 0 ? -E_TIMEOUT : 0;

    if (error == 0) {
        ipc_block_locked(self, ENV_STATE_SENDING, box);
        list_append(&box->senders, &self->link);
    }
    env_unlock(box);
    if (error != 0)
        return error;
    if (us != IPC_NEVER)
        sched_add_timeout(self, us);
    sched_schedule();
}

/* The receiver of a message of `self` to the env of that id, claimed. NULL and *error = 0: none
 * waits, and then `*box` is locked. */
static struct env *ipc_find_receiver(struct env *self, uint32_t id, struct env **box,
                                     int *error) NO_LOCK_ANALYSIS
{
    struct env *target = env_find(id);
    struct env *to = NULL;
    bool gone = target == NULL;

    *error = 0;
    if (!gone)
        to = ipc_claim_partner(self, target, id, &gone);
    if (to != NULL)
        return to;
    *box = gone ? NULL : ipc_lock_mailbox_of(target, id);
    if (*box == NULL) {
        *error = -E_BAD_ENV;
        return NULL;
    }
    /* It may have come to wait for us alone between the two locks. */
    if (*box == target && ipc_waits_for_locked(target, self))
        to = target;
    else
        to = ipc_pick_receiver_locked(*box, true);
    if (to != NULL) {
        ipc_claim_locked(to);
        env_unlock(*box);
    }
    return to;
}

/* The send phase of a plain send or call. 0: delivered, and *to is to be woken or run. */
static int ipc_send(struct env *self, struct env **to) NO_LOCK_ANALYSIS
{
    struct env *box;
    int error;

    if (!ipc_may_send(self, self->ipc_partner))
        return -E_PERM;
    *to = ipc_find_receiver(self, self->ipc_partner, &box, &error);
    if (error != 0)
        return error;
    if (*to == NULL)
        return ipc_queue_unlock(self, box);
    error = ipc_transfer(self, *to);
    if (error != 0) {
        ipc_put_back(*to);
        *to = NULL;
    }
    return error;
}

/* The send phase of a reply. It never blocks. A client that is not waiting loses the answer, one that
 * cannot take the pages gets the error; a range that is wrong on this side is the server's error, and
 * the client waits on. */
static int ipc_reply(struct env *self, struct env **to)
{
    struct env *target = env_find(self->ipc_partner);
    bool gone;
    int error;

    *to = NULL;
    if (target == NULL)
        return 0;
    *to = ipc_claim_partner(self, target, self->ipc_partner, &gone);
    if (*to == NULL)
        return 0;
    error = ipc_transfer(self, *to);
    if (error == -E_INVAL) {
        ipc_put_back(*to);
        *to = NULL;
        return error;
    }
    if (error != 0) {
        if ((*to)->faulting)
            ipc_refuse_fault(*to);
        ipc_fail(*to, IPC_PHASE_RECV, error);
    }
    return 0;
}

/* The system call. */

/* `to` lives here, and nothing better than it is ready. */
static bool ipc_may_run_next(const struct env *to)
{
    return atomic_load_explicit(&to->home, memory_order_relaxed) == cpu_id() &&
           !sched_has_ready(atomic_load_explicit(&to->priority, memory_order_relaxed) + 1);
}

/* `self` has blocked, `to` is owned and has its message: it runs at once, without a queue, if it may. */
static _Noreturn void ipc_switch(struct env *to)
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

/* The end of a plain send to `to`. On this CPU the receiver runs next and the sender goes behind the
 * others, so that many senders get through in turn; unless another CPU is idle and can have it. */
static void ipc_after_send(struct env *self, struct env *to)
{
    if (ipc_may_run_next(to) && atomic_load(&to->priority) >= atomic_load(&self->priority) &&
        atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed) == 0) {
        self->regs.eax = 0;
        timer_cancel(to);
        sched_requeue_for(self, to);
    }
    sched_wake(to);
}

/* The receive phase, after `to` (or nobody) was given a message. */
static _Noreturn void ipc_receive_after(struct env *self, struct env *to)
{
    enum ipc_receive result = ipc_receive(self);

    if (result == IPC_BLOCKED)
        ipc_switch(to);
    if (to != NULL)
        sched_wake(to);
    if (result == IPC_RETRY) {
        atomic_fetch_or(&self->pending, PENDING_RECEIVE);
        sched_pause(self);
    }
    env_run(self);
}

void ipc_resume_receive(struct env *self)
{
    enum ipc_receive result;

    /* Nobody looked while it was READY. A death from here on is seen: wait_from was published. */
    if (ipc_has_partner(self) && env_find(self->ipc_partner) == NULL) {
        ipc_fail(self, IPC_PHASE_RECV, -E_DEAD);
        return;
    }
    result = ipc_receive(self);
    if (result == IPC_BLOCKED)
        sched_schedule();
    if (result == IPC_RETRY) {
        atomic_fetch_or(&self->pending, PENDING_RECEIVE);
        sched_pause(self);
    }
}

/* Whom the receive phase will wait for. It is published before the partner is looked at: the death
 * of the partner makes its id void and then looks for envs that wait for it, so that either we see
 * the void id or we are found. Pairs with the fence in death_step_partners. */
static void ipc_publish_wait(struct env *self)
{
    uint32_t from = ipc_is_closed(self) ? self->ipc_partner : WAIT_ANY;

    atomic_store_explicit(&self->wait_from, from, memory_order_relaxed);
    if (from == WAIT_ANY)
        return;
    /* Its slot, whoever has it now: one search too many does no harm. */
    if (!atomic_load_explicit(&env_table[ENV_INDEX(from)].is_awaited, memory_order_relaxed))
        atomic_store_explicit(&env_table[ENV_INDEX(from)].is_awaited, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

static int32_t ipc_error(struct env *self, uint32_t phase, int32_t error)
{
    self->utcb->ipc_phase = phase;
    return error;
}

REGPARM int32_t sys_ipc(struct env *self)
{
    uint32_t op = self->regs.eax;
    struct env *to = NULL;
    int error = 0;

    self->ipc_op = op;
    self->ipc_partner = self->regs.edx;
    if (!ipc_op_is_valid(op))
        return ipc_error(self, IPC_PHASE_SEND, -E_INVAL);
    if (ipc_read_window(self) != 0)
        return ipc_error(self, IPC_PHASE_RECV, -E_INVAL);
    ipc_publish_wait(self);
    if (op & IPC_REPLY)
        error = ipc_reply(self, &to);
    else if (op & IPC_SEND)
        error = ipc_send(self, &to);
    if (error != 0)
        return ipc_error(self, IPC_PHASE_SEND, error);
    if (op & IPC_RECV) {
        if (to == NULL && ipc_has_partner(self) && env_find(self->ipc_partner) == NULL)
            return ipc_error(self, IPC_PHASE_RECV, -E_BAD_ENV);
        ipc_receive_after(self, to);
    }
    if (to != NULL)
        ipc_after_send(self, to);
    return 0;
}

/* Faults. */

bool ipc_send_fault(struct env *self, uint32_t pager, const uint32_t message[4],
                    uint32_t page) NO_LOCK_ANALYSIS
{
    struct env *box;
    struct env *to;
    int error;

    for (uint32_t i = 0; i < 4; i++)
        self->fault_msg[i] = message[i];
    self->faulting = true;
    self->ipc_op = SYS_ipc | IPC_OP_CALL;
    self->ipc_partner = pager;
    self->win_va = page;
    self->win_pages = page < USER_TOP ? (USER_TOP - page) >> PAGE_SHIFT : 0;
    ipc_publish_wait(self);
    to = ipc_find_receiver(self, pager, &box, &error);
    if (to == NULL && error == 0)
        error = ipc_queue_unlock(self, box); /* there is no timeout: it runs another env */
    if (error == 0)
        error = ipc_transfer(self, to); /* words alone: it cannot fail */
    if (error != 0) {
        self->faulting = false;
        return false;
    }
    ipc_receive_after(self, to);
}

/* Cancelling. */

bool ipc_cancel(struct env *e, int32_t error)
{
    /* The timer of the send phase does not end the receive phase. */
    enum env_state was = ipc_claim_blocked(e, error == -E_TIMEOUT ? PENDING_TIMER : 0);

    if (was == ENV_STATE_CLAIMED)
        return false;
    atomic_fetch_and(&e->pending, ~PENDING_ABORT);
    /* An aborted fault happens again; with the pager dead there is nobody to resume it. */
    if (e->faulting && error == -E_ABORTED)
        e->faulting = false;
    else if (e->faulting)
        ipc_refuse_fault(e);
    else
        ipc_fail(e, was == ENV_STATE_SENDING ? IPC_PHASE_SEND : IPC_PHASE_RECV, error);
    sched_wake(e);
    return true;
}

void ipc_time_receive(struct env *e)
{
    uint32_t us = ipc_timeout_us(e, IPC_PHASE_RECV);

    atomic_fetch_and(&e->pending, ~PENDING_TIMER);
    timer_cancel(e);
    if (us != IPC_NEVER)
        sched_add_timeout(e, us);
}

bool ipc_flush_mailbox(struct env *dead)
{
    for (uint32_t i = 0; i < IPC_FLUSH; i++) {
        struct env *e = NULL;

        env_lock(dead);
        if (!list_is_empty(&dead->senders))
            e = CONTAINER_OF(dead->senders.next, struct env, link);
        else if (!list_is_empty(&dead->receivers))
            e = CONTAINER_OF(dead->receivers.next, struct env, link);
        if (e != NULL) {
            bool was_sending = env_state(e) == ENV_STATE_SENDING;

            ipc_claim_locked(e);
            ipc_fail(e, was_sending ? IPC_PHASE_SEND : IPC_PHASE_RECV, -E_DEAD);
        }
        env_unlock(dead);
        if (e == NULL)
            return true;
        if (e->faulting)
            ipc_refuse_fault(e);
        if (atomic_load_explicit(&e->mailbox, memory_order_relaxed) == dead)
            ipc_leave_mailbox(e);
        sched_wake(e);
    }
    return false;
}

/* Notifications. */

static int ipc_notify_env(struct env *target, uint32_t id, uint32_t bits) NO_LOCK_ANALYSIS
{
    struct env *box = ipc_lock_mailbox_of(target, id);
    struct env *to;

    if (box == NULL)
        return -E_BAD_ENV;
    box->notified |= bits;
    to = box->notified != 0 ? ipc_claim_locked(ipc_pick_receiver_locked(box, false)) : NULL;
    if (to != NULL)
        ipc_take_bits_locked(to, box);
    env_unlock(box);
    if (to != NULL)
        sched_wake(to);
    return 0;
}

void ipc_notify(uint32_t id, uint32_t bits)
{
    struct env *target = env_find(id);

    if (target != NULL)
        (void)ipc_notify_env(target, id, bits);
}

REGPARM int32_t sys_notify(struct env *self)
{
    uint32_t id = self->regs.edx == 0 ? env_id(self) : self->regs.edx;
    struct env *target = env_find(id);

    if (target == NULL)
        return -E_BAD_ENV;
    if (!ipc_may_send(self, id))
        return -E_PERM;
    return ipc_notify_env(target, id, self->regs.ebx);
}

/* Several envs at one mailbox. */

REGPARM int32_t sys_env_attach(struct env *self)
{
    uint32_t id = self->regs.edx;
    struct env *box = id == 0 ? self : env_find(id);
    bool busy;

    if (box == NULL || box->aspace != self->aspace)
        return -E_BAD_ENV;
    /* One level only: who is attached has no mailbox to offer, and the other way round. */
    if (box != self && atomic_load_explicit(&box->mailbox, memory_order_relaxed) != box)
        return -E_BUSY;
    /* Under its own lock, because a sender that found this mailbox looks again under that. */
    env_lock(self);
    busy = box != self && (!list_is_empty(&self->senders) || !list_is_empty(&self->receivers));
    if (!busy) {
        WRITE_ONCE(self->mailbox_id, id == 0 ? env_id(self) : id);
        atomic_store_explicit(&self->mailbox, box, memory_order_relaxed);
    }
    env_unlock(self);
    return busy ? -E_BUSY : 0;
}
