/* Ready queues, inboxes, timer heaps, mailboxes: each is well linked, and what stands in it belongs there. How often
 * an env's link was found is kept for envs.c, which knows how often it should be.
 */
#include "abi/ipc.h"
#include "kernel/check/parts.h"
#include "kernel/ipc/mailbox.h"
#include "kernel/string.h"

uint8_t check_linked[ENV_MAX];
uint8_t check_posted[ENV_MAX];

/* The slot whose link that is, or NULL. */
static struct env *env_of_link(const struct list *link)
{
    uintptr_t offset = (uintptr_t)link - (uintptr_t)&env_table[0].link;

    return offset % ENV_SIZE == 0 && offset / ENV_SIZE < ENV_MAX ? &env_table[offset / ENV_SIZE]
                                                                 : NULL;
}

/* A list, and how to call it. */
struct walk {
    const struct list *head;
    const struct list
        *known; /* the head where its links point: the owner of a ready queue sees it elsewhere */
    const struct list *at; /* NULL: at the head */
    const char *what;
    uint32_t number;
};

/* The env behind w->at, or NULL at the end of the list, or where it is broken. */
static struct env *walk_next(struct walk *w)
{
    const struct list *here = w->at == NULL ? w->known : w->at;
    const struct list *next = w->at == NULL ? w->head->next : w->at->next;
    const char *what = w->what;
    uint32_t number = w->number;
    struct env *e;

    if (next == w->known) {
        if (w->head->prev != here)
            check_fail("queue: %s %u: its end is not its end", what, number);
        return NULL;
    }
    e = env_of_link(next);
    if (e == NULL || next->prev != here) {
        check_fail("queue: %s %u: broken at link %p", what, number, (const void *)next);
        return NULL;
    }
    if (check_linked[env_index(e)]++ != 0) {
        check_fail("queue: %s %u: slot %u is in two lists, or twice in one", what, number,
                   env_index(e));
        return NULL;
    }
    w->at = next;
    return e;
}

/* ---- Ready queues ---- */

static void check_ready_env(const struct cpu *cpu, uint32_t queue, const struct env *e)
{
    if (env_state(e) != ENV_STATE_READY || !e->queued || e->queue != queue ||
        atomic_load(&e->home) != cpu->id)
        check_fail("queue: ready %u of cpu%u: slot %u: state %u, queued %u in %u, home %u", queue,
                   cpu->id, env_index(e), env_state(e), e->queued, e->queue, atomic_load(&e->home));
}

static void check_ready(const struct cpu *cpu)
{
    for (uint32_t queue = 0; queue < SCHED_PRIORITIES; queue++) {
        const struct list *known = &((const struct cpu *)PERCPU_CPU)->ready[queue];
        struct walk walk = {&cpu->ready[queue], known, NULL, "ready", queue};
        const struct env *e;

        while ((e = walk_next(&walk)) != NULL)
            check_ready_env(cpu, queue, e);
        if ((cpu->ready_mask >> queue & 1u) == (cpu->ready[queue].next == known))
            check_fail("queue: ready %u of cpu%u: its mask is %x", queue, cpu->id, cpu->ready_mask);
    }
}

/* ---- Inboxes ---- */

static void check_inbox(const struct cpu *cpu) NO_LOCK_ANALYSIS
{
    const struct env *last = NULL;
    const struct env *e = atomic_load(&cpu->inbox_head);

    for (; e != NULL; last = e, e = e->inbox_next) {
        uint32_t index = env_index(e);

        if (index >= ENV_MAX) {
            check_fail("queue: inbox of cpu%u: %p is no env", cpu->id, (const void *)e);
            return;
        }
        if (check_posted[index]++ != 0 || !atomic_load(&e->posted)) {
            check_fail("queue: inbox of cpu%u: slot %u is in it twice, or not posted", cpu->id,
                       index);
            return;
        }
    }
    if (last != cpu->inbox_tail)
        check_fail("queue: inbox of cpu%u: its tail is not its tail", cpu->id);
}

/* ---- Timers ---- */

static void check_timer(const struct cpu *cpu, uint32_t slot)
{
    const struct env *e = cpu->timers[slot];
    enum env_state state = env_state(e);

    if (e->timer_slot != slot || atomic_load(&e->home) != cpu->id)
        check_fail("timer: slot %u of cpu%u: slot %u says %u on cpu%u", slot, cpu->id, env_index(e),
                   e->timer_slot, atomic_load(&e->home));
    if (slot > 1 && cpu->timers[slot / 2]->deadline > e->deadline)
        check_fail("timer: slot %u of cpu%u is due before the one above it", slot, cpu->id);
    if (state != ENV_STATE_SENDING && state != ENV_STATE_RECEIVING &&
        !(state == ENV_STATE_READY && atomic_load(&e->posted)))
        check_fail("timer: slot %u of cpu%u: slot %u is in state %u", slot, cpu->id, env_index(e),
                   state);
}

/* Each slot's timer is in one heap: those that say so are as many as are there. */
static void check_timers(void)
{
    uint32_t there = 0;
    uint32_t said = 0;

    for (uint32_t i = 0; i < cpu_count; i++) {
        for (uint32_t slot = 1; slot <= cpus[i]->timer_count && slot <= ENV_MAX; slot++)
            check_timer(cpus[i], slot);
        there += cpus[i]->timer_count;
    }
    for (uint32_t i = 0; i < ENV_MAX; i++)
        said += env_table[i].timer_slot != 0;
    if (there != said)
        check_fail("timer: %u are in heaps, %u envs have one", there, said);
}

/* ---- Mailboxes ---- */

static void check_senders(struct env *box) NO_LOCK_ANALYSIS
{
    struct walk walk = {&box->senders, &box->senders, NULL, "senders to slot", env_index(box)};
    const struct env *e;

    while ((e = walk_next(&walk)) != NULL) {
        if (env_state(e) != ENV_STATE_SENDING || atomic_load(&e->waits_at) != box)
            check_fail("mailbox: senders to slot %u: slot %u is in state %u", env_index(box),
                       env_index(e), env_state(e));
    }
    if (!box->mail && (!list_is_empty(&box->senders) || box->notified != 0) && check_has_env(box))
        check_fail("mailbox: slot %u has mail, and does not know", env_index(box));
}

static void check_receivers(struct env *box) NO_LOCK_ANALYSIS
{
    struct walk walk = {&box->receivers, &box->receivers, NULL, "receivers at slot",
                        env_index(box)};
    const struct env *e;

    while ((e = walk_next(&walk)) != NULL) {
        if (env_state(e) != ENV_STATE_RECEIVING || atomic_load(&e->waits_at) != box ||
            atomic_load(&e->mailbox) != box || ipc_has_partner(e))
            check_fail("mailbox: receivers at slot %u: slot %u is in state %u, waits for %08x",
                       env_index(box), env_index(e), env_state(e), atomic_load(&e->wait_from));
    }
}

void check_queues(void)
{
    memset(check_linked, 0, sizeof(check_linked));
    memset(check_posted, 0, sizeof(check_posted));
    for (uint32_t i = 0; i < cpu_count; i++) {
        check_ready(cpus[i]);
        check_inbox(cpus[i]);
    }
    check_timers();
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        check_senders(&env_table[i]);
        check_receivers(&env_table[i]);
    }
}
