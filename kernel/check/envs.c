/* Each env: its state against the queues, what it waits for, its words for the fast path, its relations; and
 * the table of slots. The rules of states are those of kernel/env.h.
 */
#include "abi/ipc.h"
#include "kernel/check/inside.h"
#include "kernel/check/parts.h"
#include "kernel/ipc/mailbox.h"
#include "kernel/sched/sched.h"

static const char *const state_names[] = {
    [ENV_STATE_FREE] = "FREE",       [ENV_STATE_STOPPED] = "STOPPED",
    [ENV_STATE_READY] = "READY",     [ENV_STATE_RUNNING] = "RUNNING",
    [ENV_STATE_SENDING] = "SENDING", [ENV_STATE_RECEIVING] = "RECEIVING",
    [ENV_STATE_CLAIMED] = "CLAIMED", [ENV_STATE_DEAD] = "DEAD",
};

static void env_fail(const struct env *e, const char *what, uint32_t value)
{
    enum env_state state = env_state(e);

    check_fail("env: slot %u, id %08x, %s, pending %x: %s (%x)", env_index(e), env_id(e),
               state <= ENV_STATE_DEAD ? state_names[state] : "?", atomic_load(&e->pending), what,
               value);
}

static void env_check(const struct env *e, bool good, const char *what, uint32_t value)
{
    if (!good)
        env_fail(e, what, value);
}

static bool is_posted(const struct env *e)
{
    return atomic_load(&e->posted);
}

static bool is_pending(const struct env *e, uint32_t bits)
{
    return (atomic_load(&e->pending) & bits) != 0;
}

/* ---- Where it is ---- */

/* How often its link should be in some list. */
static uint32_t links_wanted(const struct env *e)
{
    switch (env_state(e)) {
    case ENV_STATE_READY:
        return e->queued;
    case ENV_STATE_SENDING:
        return 1;
    case ENV_STATE_RECEIVING:
        return atomic_load(&e->waits_at) != e;
    default:
        return 0;
    }
}

static void check_place(const struct env *e)
{
    uint32_t index = env_index(e);
    enum env_state state = env_state(e);

    env_check(e, state <= ENV_STATE_DEAD, "no such state", state);
    env_check(e, state != ENV_STATE_CLAIMED, "claimed, and nobody is at work", 0);
    env_check(e, check_linked[index] == links_wanted(e), "its link is in so many lists",
              check_linked[index]);
    env_check(e, check_posted[index] == is_posted(e), "posted, and in so many inboxes",
              check_posted[index]);
    env_check(e, !e->queued || state == ENV_STATE_READY, "queued", e->queue);
    env_check(e,
              e->timer_slot == 0 || state == ENV_STATE_READY || state == ENV_STATE_SENDING ||
                  state == ENV_STATE_RECEIVING,
              "it has a timer", e->timer_slot);
}

/* ---- By state ---- */

/* Who gets the message that came must have been woken. */
static void check_has_nothing_to_take(const struct env *e, const struct env *box) NO_LOCK_ANALYSIS
{
    const struct env *partner = env_find(atomic_load(&e->wait_from));

    if (e->faulting) {
        env_check(e, ipc_has_partner(e), "a fault waits for nobody", 0);
    } else if (!ipc_has_partner(e)) {
        env_check(e, box->notified == 0, "waits, and bits are there", box->notified);
        env_check(e, ipc_is_closed(e) || list_is_empty(&box->senders),
                  "waits for anyone, and senders wait at slot", env_index(box));
    } else {
        env_check(e,
                  partner == NULL || env_state(partner) != ENV_STATE_SENDING ||
                      atomic_load(&partner->waits_at) != e,
                  "waits for one that waits to send to it", atomic_load(&e->wait_from));
    }
}

static void check_receiving(const struct env *e, const struct env *box)
{
    uint32_t from = atomic_load(&e->wait_from);
    uint32_t ready = atomic_load(&e->ready);

    env_check(e, box == e || atomic_load(&e->mailbox) == box, "waits at the mailbox of slot",
              env_index(box));
    env_check(e, from == WAIT_ANY || box == e, "waits for one at the mailbox of slot",
              env_index(box));
    env_check(e, from == WAIT_ANY || check_may_still_look(from) || is_posted(e),
              "waits for an env that is gone", from);
    env_check(e, ready == 0 || ready == mailbox_ready_word(e, ENV_STATE_RECEIVING, box),
              "its ready word is", ready);
    check_has_nothing_to_take(e, box);
}

static void check_blocked(const struct env *e)
{
    const struct env *box = atomic_load(&e->waits_at);

    if (box < env_table || box >= env_table + ENV_MAX) {
        env_fail(e, "waits at no env", (uint32_t)(uintptr_t)box);
        return;
    }
    env_check(e, check_has_env(box), "waits at an empty slot", env_index(box));
    env_check(e, !is_pending(e, PENDING_KILL | PENDING_ABORT | PENDING_TIMER) || is_posted(e),
              "something is pending, and nobody was told", 0);
    env_check(e, !is_pending(e, PENDING_RECEIVE), "it is to receive, and waits", 0);
    if (env_state(e) == ENV_STATE_RECEIVING)
        check_receiving(e, box);
}

/* As the scheduler chooses it. */
static uint32_t queue_wanted(const struct env *e)
{
    return is_pending(e, PENDING_KILL) ? SCHED_PRIORITIES - 1 : atomic_load(&e->priority);
}

static void check_ready(const struct env *e)
{
    env_check(e, e->queued || is_posted(e), "in no queue", 0);
    env_check(e, !e->queued || e->queue == queue_wanted(e) || is_posted(e), "in the queue",
              e->queue);
}

static void check_running(const struct env *e)
{
    uint32_t home = atomic_load(&e->home);

    env_check(e, home < cpu_count && cpus[home]->current == e, "not the current env of cpu", home);
    env_check(e, env_id(e) != 0, "runs user code, and has no id", 0);
    env_check(e, !is_pending(e, ~PENDING_RESCHED) || is_posted(e),
              "something is pending, and nobody was told", 0);
}

static void check_state(const struct env *e)
{
    switch (env_state(e)) {
    case ENV_STATE_READY:
        check_ready(e);
        break;
    case ENV_STATE_RUNNING:
        check_running(e);
        break;
    case ENV_STATE_SENDING:
    case ENV_STATE_RECEIVING:
        check_blocked(e);
        break;
    case ENV_STATE_STOPPED:
        env_check(e, !is_pending(e, PENDING_KILL), "killed, and it will never know", 0);
        break;
    default:
        break;
    }
    env_check(e, atomic_load(&e->ready) == 0 || env_state(e) == ENV_STATE_RECEIVING,
              "its ready word is", atomic_load(&e->ready));
}

/* ---- Words made from others ---- */

static uint32_t slow_wanted(const struct env *e)
{
    uint32_t slow = 0;

    if ((e->limits.syscalls[SYS_ipc / 32] >> SYS_ipc % 32 & 1u) == 0)
        slow |= SLOW_FORBIDDEN;
    if (e->limits.send_count != ENV_SEND_ANY)
        slow |= SLOW_LISTED;
    if (atomic_load(&e->mailbox) != e)
        slow |= SLOW_ATTACHED;
    return slow;
}

static void check_words(const struct env *e)
{
    uint32_t home = atomic_load(&e->home);
    uint32_t pinned = atomic_load(&e->pinned);
    uint32_t priority = atomic_load(&e->priority);

    env_check(e, e->slow == slow_wanted(e), "its slow word is", e->slow);
    env_check(e, priority < SCHED_PRIORITIES && atomic_load(&e->above) == ~UINT32_C(1) << priority,
              "its word of higher priorities is", atomic_load(&e->above));
    env_check(e, home < cpu_count, "it lives on cpu", home);
    env_check(e, e->cr3 == paging_cr3(e->aspace->pdpt, home), "its cr3 is", e->cr3);
    env_check(
        e, pinned == SCHED_ANY_CPU || pinned == home || is_pending(e, PENDING_MOVE) || is_posted(e),
        "it is pinned to cpu", pinned);
}

static void check_public(const struct env *e)
{
    const struct env_public *p = e->public;
    uint32_t id = env_id(e);
    bool is_dying = id == 0 && check_has_env(e);

    env_check(e, id == 0 || (uint32_t)p->id == id, "its public id is", (uint32_t)p->id);
    env_check(e, p->status == env_status_of(env_state(e)) || (is_dying && p->status == ENV_DYING),
              "its public status is", p->status);
    if (!check_has_env(e))
        return;
    env_check(e, (uint32_t)p->controller == atomic_load(&e->controller), "its public controller is",
              (uint32_t)p->controller);
    env_check(e,
              p->cpu == atomic_load(&e->home) && p->priority == atomic_load(&e->priority) &&
                  p->aspace == e->aspace->serial,
              "its public home, priority or space is not its own: home", p->cpu);
}

/* ---- Relations ---- */

static void check_relations(const struct env *e)
{
    uint32_t controller = atomic_load(&e->controller);
    const struct env *above = &env_table[ENV_INDEX(controller)];

    if (controller == 0)
        return;
    env_check(e, check_may_still_look(controller), "its controller is gone", controller);
    env_check(e, env_id(above) != controller || atomic_load(&above->has_children),
              "its controller knows of no children", controller);
}

static void check_dying(const struct env *e)
{
    env_check(e, is_pending(e, PENDING_KILL), "no id, and not dying", e->step);
    env_check(e, e->step > DEATH_VOID_ID, "no id, and has not begun to die", e->step);
}

static void check_living(const struct env *e)
{
    env_check(e, ENV_INDEX(env_id(e)) == env_index(e) && (int32_t)env_id(e) > 0, "its id is wrong",
              env_id(e));
    env_check(e, e->step == 0, "it lives, and dies at step", e->step);
}

static void check_dead(const struct env *e) NO_LOCK_ANALYSIS
{
    env_check(e, env_id(e) == 0, "dead, and has an id", env_id(e));
    env_check(e, list_is_empty(&e->senders) && list_is_empty(&e->receivers),
              "dead, and others wait at it", 0);
    if (env_state(e) == ENV_STATE_DEAD)
        env_check(e, e->death_bits != 0 && e->death.cause != 0,
                  "dead for nobody, or of nothing: bits", e->death_bits);
    else
        env_check(e, e->public->id == 0, "free, and its public id is", (uint32_t)e->public->id);
}

static void check_env(const struct env *e)
{
    check_place(e);
    check_state(e);
    check_public(e);
    if (!check_has_env(e)) {
        check_dead(e);
        return;
    }
    if (env_id(e) == 0)
        check_dying(e);
    else
        check_living(e);
    check_words(e);
}

/* ---- The table ---- */

static void check_table(uint32_t used)
{
    const struct lock *lock;
    const struct env *e = env_inside_free(&lock);
    uint32_t free_slots = 0;

    for (; e != NULL && free_slots <= ENV_MAX; e = e->free_next, free_slots++) {
        if (e < env_table || e >= env_table + ENV_MAX || env_state(e) != ENV_STATE_FREE) {
            check_fail("env: %p in the list of free slots is not free", (const void *)e);
            return;
        }
    }
    if (free_slots + used != ENV_MAX || atomic_load(&env_used) != used)
        check_fail("env: %u slots are free, %u used, and %u counted as used", free_slots, used,
                   atomic_load(&env_used));
}

void check_envs(void)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < ENV_MAX; i++) {
        const struct env *e = &env_table[i];

        used += env_state(e) != ENV_STATE_FREE;
        check_env(e);
        if (env_state(e) != ENV_STATE_FREE)
            check_relations(e);
    }
    check_table(used);
}
