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

struct env *mailbox_lock_for_receive(struct env *e) NO_LOCK_ANALYSIS
{
    struct env *box =
        ipc_has_partner(e) ? e : atomic_load_explicit(&e->mailbox, memory_order_relaxed);

    env_lock(box);
    /* Under the lock: the dying env flushes its mailbox after it made its id void, and its slot may
     * be another's by now. */
    if (box == e || env_id(box) == e->mailbox_id)
        return box;
    env_unlock(box);
    mailbox_leave(e);
    return NULL;
}

/* Where messages to `target` go: the mailbox that it is attached to, while the env that has it lives. */
static struct env *mailbox_of(struct env *target)
{
    struct env *box = atomic_load_explicit(&target->mailbox, memory_order_relaxed);

    return env_id(box) == READ_ONCE(target->mailbox_id) ? box : target;
}

struct env *mailbox_lock_of(struct env *target, uint32_t id) NO_LOCK_ANALYSIS
{
    for (;;) {
        struct env *box = mailbox_of(target);

        env_lock(box);
        if (env_id(target) != id) {
            env_unlock(box);
            return NULL;
        }
        /* Under its lock the mailbox's env does not end, nor is it another's who got its slot. */
        if (mailbox_of(target) == box)
            return box;
        env_unlock(box);
    }
}

/* What the fast path may take it for; see env.h. */
static uint32_t ready_word(const struct env *e, enum env_state state, const struct env *box)
{
    if (state != ENV_STATE_RECEIVING || box != e || e->resume != ENV_RESUME_SYSEXIT ||
        e->faulting || e->ipc_op & IPC_TIMED)
        return 0;
    if (ipc_has_partner(e))
        return atomic_load_explicit(&e->wait_from, memory_order_relaxed);
    if (ipc_is_closed(e) || !atomic_load_explicit(&e->is_awaited, memory_order_relaxed))
        return 0;
    return READY_ANY;
}

void mailbox_block_locked(struct env *e, enum env_state state, struct env *box)
{
    atomic_store_explicit(&e->waits_at, box, memory_order_relaxed);
    atomic_store_explicit(&e->ready, ready_word(e, state, box), memory_order_relaxed);
    env_set_state(e, state);
}

void mailbox_claim_locked(struct env *e)
{
    list_remove(&e->link);
    atomic_store_explicit(&e->ready, 0, memory_order_relaxed);
    env_set_state(e, ENV_STATE_CLAIMED);
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

/* Whether `e` is blocked here, at its own mailbox, which is locked: then its fields stand still. In this
 * order: somewhere else it may have been blocked a moment ago, and run by now. */
static bool receives_at_own_locked(const struct env *e) REQUIRES(&e->lock)
{
    return env_state(e) == ENV_STATE_RECEIVING &&
           atomic_load_explicit(&e->waits_at, memory_order_relaxed) == e;
}

static bool is_at_home_here(const struct env *e)
{
    return atomic_load_explicit(&e->home, memory_order_relaxed) == cpu_id();
}

struct env *mailbox_receiver_locked(struct env *box, bool for_message)
{
    bool owner_waits = receives_at_own_locked(box) && !ipc_has_partner(box) &&
                       !(for_message && ipc_is_closed(box));
    struct env *first = NULL;
    uint32_t looks = GRAIN_MAX_CPUS;

    if (owner_waits && is_at_home_here(box))
        return box;
    for (struct list *l = box->receivers.next; l != &box->receivers && looks != 0; l = l->next) {
        struct env *e = CONTAINER_OF(l, struct env, link);

        if (for_message && ipc_is_closed(e))
            continue;
        looks--;
        if (is_at_home_here(e))
            return e;
        if (first == NULL)
            first = e;
    }
    return owner_waits ? box : first;
}

/* Whether `from` serves the same mailbox as the env of that id. */
static bool serves_with(const struct env *from, uint32_t id)
{
    const struct env *e = env_find(id);

    return e != NULL && READ_ONCE(e->mailbox_id) == from->mailbox_id;
}

/* An answer is also good from an env that serves the partner's mailbox, and nothing but an answer ends a
 * fault. */
bool mailbox_waits_for_locked(const struct env *to, const struct env *from)
{
    bool is_answer = (from->ipc_op & IPC_REPLY) != 0;
    uint32_t wanted;

    if (!receives_at_own_locked(to) || !ipc_has_partner(to))
        return false;
    if (to->faulting && !is_answer)
        return false;
    wanted = atomic_load_explicit(&to->wait_from, memory_order_relaxed);
    return wanted == env_id(from) || (is_answer && serves_with(from, wanted));
}

struct env *mailbox_claim_partner(struct env *self, struct env *target, uint32_t id, bool *gone)
{
    struct env *found = NULL;

    env_lock(target);
    *gone = env_id(target) != id;
    if (!*gone && mailbox_waits_for_locked(target, self)) {
        mailbox_claim_locked(target);
        found = target;
    }
    env_unlock(target);
    return found;
}
