/* The send phase; see phases.h. */
#include "abi/errors.h"
#include "kernel/ipc/fastpath.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/phases.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched/sched.h"

/* How many messages of its partner that fail an env meets before its home CPU does the rest. */
#define PARTNER_TRIES 2u

/* `e` was claimed by this CPU, and blocked again. Something may have been pended or its partner may
 * have died while it was claimed, and the home CPU have looked and left it to us. */
static void look_again(struct env *e)
{
    /* The state is written before `pending` is read. Pairs with the exchange in inbox_post. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&e->pending) != 0 || ipc_partner_is_gone(e))
        sched_poke(e);
}

/* Its home CPU does the rest of its receive phase. */
static void receive_at_home(struct env *e)
{
    atomic_fetch_or(&e->pending, PENDING_RECEIVE);
    sched_wake(e);
}

/* The ipc of `from`, claimed, after its send phase. True: it has a receive phase, which waits for one partner
 * and is left to the caller. */
static bool finish_send(struct env *from, int error)
{
    if (error != 0) {
        from->faulting = false;
        ipc_fail(from, IPC_PHASE_SEND, error);
        sched_wake(from);
        return false;
    }
    if (!(from->ipc_op & IPC_RECV)) {
        from->regs.eax = 0;
        sched_wake(from);
        return false;
    }
    /* Others may have sent to it meanwhile. */
    if (!ipc_has_partner(from)) {
        receive_at_home(from);
        return false;
    }
    /* The timer is the home CPU's own, which is told when it blocks. */
    if (from->ipc_op & IPC_TIMED)
        atomic_fetch_or(&from->pending, PENDING_TIMER);
    return true;
}

/* `e`, claimed, blocks again. What was pended meanwhile keeps it from the fast path. */
static void block_again_locked(struct env *e, struct env *box) REQUIRES(&box->lock)
{
    mailbox_block_locked(e, ENV_STATE_RECEIVING, box);
    if (atomic_load_explicit(&e->pending, memory_order_relaxed) != 0)
        atomic_store_explicit(&e->ready, 0, memory_order_relaxed);
}

/* `e`, claimed, waits for one partner: it blocks, and NULL is returned, unless the partner has queued for it
 * meanwhile, as it can when another env serves its mailbox. That one is claimed, if `claim`. */
static struct env *block_for_partner(struct env *e, bool claim)
{
    struct env *partner;

    env_lock(e);
    partner = e->faulting ? NULL : ipc_queued_partner_locked(e, e);
    if (partner == NULL)
        block_again_locked(e, e);
    else if (claim)
        mailbox_claim_locked(partner);
    env_unlock(e);
    if (partner == NULL)
        look_again(e);
    return partner;
}

/* The same, and what the partner has queued is taken here: an env that is READY, with its receive phase still to
 * be done, does not wait, and an answer to it would be lost. It is left to its home CPU only where the partner,
 * from another CPU, queues one message after the other that fails, or waits itself for one that has queued. */
static void wait_for_partner(struct env *e)
{
    for (uint32_t tries = PARTNER_TRIES; tries != 0; tries--) {
        struct env *partner = block_for_partner(e, true);
        int error;

        if (partner == NULL)
            return;
        error = ipc_transfer(partner, e);
        if (finish_send(partner, error) && block_for_partner(partner, false) != NULL)
            receive_at_home(partner);
        if (error == 0) {
            sched_wake(e);
            return;
        }
    }
    receive_at_home(e);
}

void ipc_finish_sender(struct env *from, int error)
{
    /* A call waits for its answer from here on, before its partner can give it. */
    if (finish_send(from, error))
        wait_for_partner(from);
}

void ipc_put_back(struct env *to)
{
    struct env *box = atomic_load_explicit(&to->waits_at, memory_order_relaxed);
    bool blocked = false;

    if (ipc_has_partner(to)) {
        wait_for_partner(to);
        return;
    }
    env_lock(box);
    if (box->notified == 0 && list_is_empty(&box->senders) && env_id(box) == to->mailbox_id) {
        if (box != to)
            list_prepend(&box->receivers, &to->link);
        block_again_locked(to, box);
        blocked = true;
    }
    env_unlock(box);
    if (blocked)
        look_again(to);
    else
        receive_at_home(to); /* others came meanwhile: it takes from the queue by itself */
}

bool ipc_is_listed(const struct env_limits *limits, uint32_t id)
{
    for (uint32_t i = 0; i < limits->send_count; i++) {
        if ((uint32_t)limits->send_to[i] == id)
            return true;
    }
    return false;
}

/* Queues `self` behind the others and runs another env; or says why not. The mailbox is locked. */
static int queue_unlock(struct env *self, struct env *box) RELEASES(&box->lock)
{
    uint32_t us = ipc_timeout_us(self, IPC_PHASE_SEND);
    int error = self->ipc_op & IPC_TRY ? -E_IPC_NOT_RECV : us == 0 ? -E_TIMEOUT : 0;

    if (error == 0) {
        mailbox_block_locked(self, ENV_STATE_SENDING, box);
        list_append(&box->senders, &self->link);
        box->mail = true;
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
static struct env *find_receiver(struct env *self, uint32_t id, struct env **box,
                                 int *error) NO_LOCK_ANALYSIS
{
    struct env *target = env_find(id);
    struct env *to = NULL;
    bool gone = target == NULL;

    *error = 0;
    /* An env that serves another's mailbox waits for one partner at its own. */
    if (!gone && atomic_load_explicit(&target->mailbox, memory_order_relaxed) != target) {
        to = mailbox_claim_partner(self, target, id, &gone);
        if (to != NULL)
            return to;
    }
    *box = gone ? NULL : mailbox_lock_of(target, id);
    if (*box == NULL) {
        *error = -E_BAD_ENV;
        return NULL;
    }
    if (*box == target && mailbox_waits_for_locked(target, self))
        to = target;
    else
        to = mailbox_receiver_locked(*box, true);
    if (to != NULL) {
        mailbox_claim_locked(to);
        env_unlock(*box);
    }
    return to;
}

int ipc_send(struct env *self, struct env **to) NO_LOCK_ANALYSIS
{
    struct env *box;
    int error;

    if (!ipc_may_send(self, self->ipc_partner))
        return -E_PERM;
    *to = find_receiver(self, self->ipc_partner, &box, &error);
    if (error != 0)
        return error;
    if (*to == NULL)
        return queue_unlock(self, box);
    error = ipc_transfer(self, *to);
    if (error != 0) {
        ipc_put_back(*to);
        *to = NULL;
    }
    return error;
}

int ipc_reply(struct env *self, struct env **to)
{
    struct env *target = env_find(self->ipc_partner);
    bool gone;

    *to = target == NULL ? NULL : mailbox_claim_partner(self, target, self->ipc_partner, &gone);
    return *to == NULL ? 0 : ipc_answer(self, *to);
}

int ipc_answer_failed(struct env *to, int error)
{
    if (error == -E_INVAL) {
        ipc_put_back(to);
        return error;
    }
    if (to->faulting)
        ipc_refuse_fault(to);
    ipc_fail(to, IPC_PHASE_RECV, error);
    return 0;
}

bool ipc_send_fault(struct env *self, uint32_t pager, uint32_t page) NO_LOCK_ANALYSIS
{
    struct env *box;
    struct env *to;
    int error;

    self->faulting = true;
    self->ipc_op = SYS_ipc | IPC_OP_CALL | IPC_WINDOW;
    self->win_va = page;
    self->win_pages = page < USER_TOP ? (USER_TOP - page) >> PAGE_SHIFT : 0;
    ipc_fast_fault(self, pager);
    self->ipc_partner = pager;
    error = -E_BAD_ENV;
    to = ipc_publish_wait(self) ? find_receiver(self, pager, &box, &error) : NULL;
    if (to == NULL && error == 0)
        error = queue_unlock(self, box); /* there is no timeout: it runs another env */
    if (error == 0)
        error = ipc_transfer(self, to); /* words alone: it cannot fail */
    if (error != 0) {
        self->faulting = false;
        return false;
    }
    ipc_receive_after(self, to);
}
