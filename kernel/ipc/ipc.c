/* The system call, complete (the fast path only shortens it), and its end by death or cancelling. See
 * ipc.h and docs/ipc.md. */
#include "kernel/ipc/ipc.h"

#include "abi/errors.h"
#include "kernel/ipc/check.h"
#include "kernel/ipc/phases.h"
#include "kernel/ipc/transfer.h"
#include "kernel/mm/aspace.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

/* The window for pages, read once, and kept only if it is good (the fast path relies on that). */
static int read_window(struct env *self)
{
    uint32_t va = READ_ONCE(self->utcb->win_va);
    uint32_t pages = READ_ONCE(self->utcb->win_pages);
    int error = aspace_check_range(va, pages);

    if (error == 0) {
        self->win_va = va;
        self->win_pages = pages;
    }
    return error;
}

/* Whether one of two envs of this CPU can have another one, which halts. */
static bool one_may_move(const struct env *a, const struct env *b)
{
    return !sched_nobody_is_idle() && (sched_is_movable(a) || sched_is_movable(b));
}

/* The end of a plain send to `to`. On this CPU the receiver runs next and the sender goes behind the
 * others, so that many senders get through in turn; unless another CPU is idle and can have one of them,
 * or the sender only tried. */
static void after_send(struct env *self, struct env *to)
{
    if (!(self->ipc_op & IPC_TRY) && ipc_may_run_next(to) &&
        atomic_load(&to->priority) >= atomic_load(&self->priority) && !one_may_move(self, to)) {
        self->regs.eax = 0;
        timer_cancel(to);
        sched_requeue_for(self, to);
    }
    sched_wake(to);
}

static int32_t fail(struct env *self, uint32_t phase, int32_t error)
{
    self->utcb->ipc_phase = phase;
    return error;
}

/* It would wait for an env that is not there. */
static int32_t fail_without_partner(struct env *self)
{
    if (self->ipc_op & IPC_REPLY || !(self->ipc_op & IPC_SEND))
        return fail(self, IPC_PHASE_RECV, -E_BAD_ENV);
    return fail(self, IPC_PHASE_SEND, ipc_may_send(self, self->ipc_partner) ? -E_BAD_ENV : -E_PERM);
}

REGPARM int32_t sys_ipc(struct env *self)
{
    uint32_t op = self->regs.eax;
    struct env *to = NULL;
    int error = 0;

    self->ipc_op = op;
    self->ipc_partner = self->regs.edx;
    if (!ipc_op_is_valid(op))
        return fail(self, IPC_PHASE_SEND, -E_INVAL);
    if (op & IPC_WINDOW && read_window(self) != 0)
        return fail(self, IPC_PHASE_RECV, -E_INVAL);
    if (!ipc_publish_wait(self))
        return fail_without_partner(self);
    if (op & IPC_REPLY)
        error = ipc_reply(self, &to);
    else if (op & IPC_SEND)
        error = ipc_send(self, &to);
    if (error != 0)
        return fail(self, IPC_PHASE_SEND, error);
    if (op & IPC_RECV) {
        if (to == NULL && ipc_has_partner(self) && env_find(self->ipc_partner) == NULL)
            return fail(self, IPC_PHASE_RECV, -E_BAD_ENV);
        ipc_receive_after(self, to);
    }
    if (to != NULL)
        after_send(self, to);
    else if (op & IPC_REPLY && self->ipc_partner != 0)
        return fail(self, IPC_PHASE_SEND, -E_IPC_NOT_RECV); /* lost */
    return 0;
}

bool ipc_cancel(struct env *e, int32_t error)
{
    /* The timer of the send phase does not end the receive phase. */
    enum env_state was = mailbox_claim_blocked(e, error == -E_TIMEOUT ? PENDING_TIMER : 0);

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

            mailbox_claim_locked(e);
            ipc_fail(e, was_sending ? IPC_PHASE_SEND : IPC_PHASE_RECV, -E_DEAD);
        }
        env_unlock(dead);
        if (e == NULL)
            return true;
        if (e->faulting)
            ipc_refuse_fault(e);
        if (atomic_load_explicit(&e->mailbox, memory_order_relaxed) == dead)
            mailbox_leave(e);
        sched_wake(e);
    }
    return false;
}
