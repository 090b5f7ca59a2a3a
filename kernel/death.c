/* How an env ends: always on its home CPU, as the current env, in bounded steps.
 *
 * Whoever kills sets PENDING_KILL and pokes; the home CPU takes the env out of what it is blocked in
 * and runs it, and on the way to user mode it comes here. Between two long steps it is an ordinary
 * READY env (of the highest priority), and comes back here when it is its turn.
 *
 * Locks: one env lock at a time; the address space's in between.
 */
#include "abi/errors.h"
#include "kernel/env.h"
#include "kernel/ipc/ipc.h"
#include "kernel/irq.h"
#include "kernel/jos.h"
#include "kernel/mm/aspace.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"

#define DEATH_SCAN 256u /* slots looked at in one step */

/* The id, kept where the controller can ask for it. */
static uint32_t death_id(const struct env *e)
{
    return (uint32_t)e->public->id;
}

static void death_void_id(struct env *e)
{
    env_lock(e);
    atomic_store(&e->id, 0);
    if (e->death.cause == 0 && e->fault_refused)
        e->death = (struct env_death){.cause = ENV_FAULTED,
                                      .vector = IPC_FAULT_VECTOR(e->fault_msg[0]),
                                      .error = e->fault_error,
                                      .address = e->fault_msg[1],
                                      .eip = e->fault_msg[2]};
    else if (e->death.cause == 0)
        e->death.cause = ENV_KILLED;
    env_unlock(e);
    e->public->status = ENV_DYING;
    irq_release_all(death_id(e));
    /* The id is void before anybody is searched for. Pairs with the fence in ipc_publish_partner. */
    atomic_thread_fence(memory_order_seq_cst);
}

/* Who gets the children of `e`, which is dying: its controller, or if that is dying, too, the next one
 * up; 0 if there is none. */
static uint32_t death_heir(const struct env *e)
{
    uint32_t to = atomic_load(&e->controller);

    while (to != 0 && env_find(to) == NULL) {
        uint32_t next = atomic_load(&env_table[ENV_INDEX(to)].controller);

        /* The slot is freed only after all in it were passed on: then the way up is another now. */
        if ((uint32_t)env_public[ENV_INDEX(to)].id == to)
            to = next;
        else
            to = atomic_load(&e->controller);
    }
    return to;
}

/* A child of the dead one goes to the dead one's controller; a dead child that waited to be reaped by
 * it is freed. */
static void death_pass_on(struct env *child, const struct env *e, uint32_t bits) NO_LOCK_ANALYSIS
{
    uint32_t from = death_id(e);
    uint32_t to;

    env_lock(child);
    if (atomic_load(&child->controller) != from) {
        env_unlock(child);
        return;
    }
    if (env_state(child) == ENV_STATE_DEAD) {
        env_free_unlock(child);
        return;
    }
    /* Alive after it was written down: when it dies, it comes by and passes the child on in turn. */
    do {
        to = death_heir(e);
        atomic_store(&child->controller, to);
    } while (to != 0 && env_find(to) == NULL);
    child->public->controller = (envid_t)to;
    if (to == 0 || child->death_bits != 0) /* 0: nobody waited for it, and nobody will */
        child->death_bits = to == 0 ? 0 : bits;
    env_unlock(child);
}

/* Looks at DEATH_SCAN slots for envs that wait for the dead one, or were its children. True when all
 * slots have been seen. */
static bool death_relations(struct env *e)
{
    uint32_t id = death_id(e);
    uint32_t end = e->progress + DEATH_SCAN;
    uint32_t bits;

    if (!atomic_load(&e->is_awaited) && !e->has_children)
        return true;
    env_lock(e);
    bits = e->death_bits;
    env_unlock(e);
    for (; e->progress < end; e->progress++) {
        struct env *other = &env_table[e->progress];

        if (atomic_load_explicit(&other->wait_from, memory_order_relaxed) == id)
            sched_poke(other);
        if (atomic_load_explicit(&other->controller, memory_order_relaxed) == id)
            death_pass_on(other, e, bits);
    }
    return e->progress == ENV_MAX;
}

static void death_tell_controller(struct env *e) NO_LOCK_ANALYSIS
{
    uint32_t controller;
    uint32_t bits;

    jos_say_free(e->death.cause == ENV_KILLED ? (uint32_t)env_public[env_index(e)].creator
                                              : death_id(e),
                 death_id(e));
    env_lock(e);
    controller = atomic_load(&e->controller);
    bits = e->death_bits;
    if (bits == 0 || env_find(controller) == NULL) {
        env_free_unlock(e);
        return;
    }
    /* A controller that dies from here on finds it DEAD, and frees it. */
    env_set_state(e, ENV_STATE_DEAD);
    env_unlock(e);
    this_cpu()->current = NULL; /* its slot may be another's by now */
    ipc_notify(controller, bits);
}

/* One step; true when the next may follow at once. */
static bool death_do_step(struct env *e)
{
    switch ((enum death_step)e->step) {
    case DEATH_VOID_ID:
        death_void_id(e);
        e->progress = 0;
        break;
    case DEATH_MAILBOX:
        if (!ipc_flush_mailbox(e))
            return false;
        break;
    case DEATH_RELATIONS:
        if (!death_relations(e))
            return false;
        break;
    case DEATH_MEMORY:
        aspace_utcb_free(e->aspace, e->utcb_va);
        /* Release: what this env did to the space comes before its teardown by the last one. */
        if (atomic_fetch_sub_explicit(&e->aspace->envs, 1, memory_order_acq_rel) != 1) {
            death_tell_controller(e);
            sched_breathe();
        }
        break;
    case DEATH_TEARDOWN:
        if (!aspace_teardown(e->aspace))
            return false;
        death_tell_controller(e);
        sched_breathe();
    }
    e->step++;
    return true;
}

_Noreturn void env_die_on(struct env *self)
{
    ASSERT(this_cpu()->current == self);
    while (death_do_step(self)) {}
    sched_pause(self);
}

_Noreturn void env_die(struct env *self, const struct env_death *cause)
{
    env_lock(self);
    if (self->death.cause == 0)
        self->death = *cause;
    env_unlock(self);
    atomic_fetch_or(&self->pending, PENDING_KILL);
    env_die_on(self);
}
