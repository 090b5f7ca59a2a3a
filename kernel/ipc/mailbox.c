/* Who waits where; see mailbox.h. */
#include "kernel/ipc/mailbox.h"

void mailbox_leave(struct env *e)
{
    env_lock(e);
    atomic_store_explicit(&e->mailbox, e, memory_order_relaxed);
    WRITE_ONCE(e->mailbox_id, env_id(e));
    env_unlock(e);
    env_update_slow(e);
}

static bool is_blocked(enum env_state state)
{
    return state == ENV_STATE_SENDING || state == ENV_STATE_RECEIVING;
}

enum env_state mailbox_claim_blocked(struct env *e, uint32_t unless)
{
    for (;;) {
        enum env_state state = env_state(e);
        struct env *box = atomic_load_explicit(&e->waits_at, memory_order_acquire);

        if (!is_blocked(state))
            return ENV_STATE_CLAIMED;
        env_lock(box);
        state = env_state(e);
        if (is_blocked(state) && atomic_load_explicit(&e->waits_at, memory_order_relaxed) == box) {
            bool claim = (atomic_load_explicit(&e->pending, memory_order_relaxed) & unless) == 0;

            if (claim)
                mailbox_claim_locked(e);
            env_unlock(box);
            return claim ? state : ENV_STATE_CLAIMED;
        }
        env_unlock(box);
    }
}

struct env *mailbox_server_locked(struct env *box, bool for_message)
{
    struct env *first = NULL;
    uint32_t looks = GRAIN_MAX_CPUS;

    for (struct list *l = box->receivers.next; l != &box->receivers && looks != 0; l = l->next) {
        struct env *e = CONTAINER_OF(l, struct env, link);

        if (for_message && ipc_is_closed(e))
            continue;
        looks--;
        if (mailbox_is_home(e))
            return e;
        if (first == NULL)
            first = e;
    }
    return first;
}

bool mailbox_serves_with(const struct env *from, uint32_t id)
{
    const struct env *e = env_find(id);

    return e != NULL && READ_ONCE(e->mailbox_id) == from->mailbox_id;
}

void mailbox_record_wait(struct env *e)
{
    e->public->ipc_dstva = e->ipc_op & IPC_WINDOW ? e->win_va : USER_TOP;
    e->public->ipc_receiving = 1;
}
