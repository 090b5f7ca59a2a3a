/* Notifications, and several envs at one mailbox; see ipc.h. */
#include "abi/errors.h"
#include "kernel/ipc/ipc.h"
#include "kernel/ipc/mailbox.h"
#include "kernel/sched/sched.h"

static int notify_env(struct env *target, uint32_t id, uint32_t bits) NO_LOCK_ANALYSIS
{
    struct env *box = mailbox_lock_of(target, id);
    struct env *to = NULL;

    if (box == NULL)
        return -E_BAD_ENV;
    box->notified |= bits;
    if (box->notified != 0)
        to = mailbox_receiver_locked(box, false);
    if (to != NULL) {
        mailbox_claim_locked(to);
        mailbox_take_bits_locked(to, box);
    } else if (box->notified != 0) {
        box->mail = true;
    }
    env_unlock(box);
    if (to != NULL)
        sched_wake(to);
    return 0;
}

void ipc_notify(uint32_t id, uint32_t bits)
{
    struct env *target = env_find(id);

    if (target != NULL)
        (void)notify_env(target, id, bits);
}

REGPARM int32_t sys_notify(struct env *self)
{
    uint32_t id = self->regs.edx == 0 ? env_id(self) : self->regs.edx;

    if (!ipc_may_send(self, id))
        return env_find(id) == NULL ? -E_BAD_ENV : -E_PERM;
    return notify_env(&env_table[ENV_INDEX(id)], id, self->regs.ebx);
}

REGPARM int32_t sys_env_attach(struct env *self)
{
    uint32_t id = self->regs.edx;
    struct env *box = id == 0 ? self : &env_table[ENV_INDEX(id)];
    bool busy;

    if (id != 0 && !env_shares_space(self, id))
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
    env_update_slow(self);
    return busy ? -E_BUSY : 0;
}
