/* Envs: threads of control, each with registers, a mailbox, a fault route and authority.
 *
 * Slots are type-stable: struct env is never freed, so a stale pointer may be locked and looked at;
 * what tells one env from the next in its slot is `id`. Who may touch an env follows from its state:
 *
 *   FREE, DEAD, STOPPED   whoever holds env->lock
 *   RUNNING, CLAIMED      the CPU that runs or claimed it, alone; no lock
 *   READY                 its home CPU (on its way there: the inbox it is in)
 *   SENDING, RECEIVING    whoever holds the lock of the mailbox it is blocked at (waits_at->lock)
 *
 * To claim a blocked env is to take it off its queue and set CLAIMED, under that lock; to claim a stopped
 * one, to set CLAIMED under its own. Its claimer then owns it until he makes it READY and wakes it, or
 * blocks it again. So one lock at a time is enough for all of IPC. Only the home CPU moves an env from
 * RUNNING to blocked, or to another home, and only it honours `pending`: others set a bit and poke the env
 * (sched_poke), and the home CPU looks at it.
 */
#ifndef GRAIN_KERNEL_ENV_H
#define GRAIN_KERNEL_ENV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/utcb.h"
#include "kernel/compiler.h"
#include "kernel/cpu.h"
#include "kernel/list.h"
#include "kernel/lock/lock.h"

struct aspace;

enum env_state {
    ENV_STATE_FREE,
    ENV_STATE_STOPPED,
    ENV_STATE_READY,
    ENV_STATE_RUNNING,
    ENV_STATE_SENDING,
    ENV_STATE_RECEIVING,
    ENV_STATE_CLAIMED,
    ENV_STATE_DEAD,
};

/* What a dying env has before it (kernel/death.c). */
enum death_step { DEATH_VOID_ID, DEATH_MAILBOX, DEATH_RELATIONS, DEATH_MEMORY, DEATH_TEARDOWN };

/* How the registers go back to the CPU. */
enum env_resume {
    ENV_RESUME_SYSEXIT, /* ebx esi edi ebp eax esp count; it is inside the system call stub */
    ENV_RESUME_IRET,    /* all count */
};

/* Bits of `pending`: what to do before the env runs user code again. */
#define PENDING_KILL    0x1u
#define PENDING_STOP    0x2u
#define PENDING_ABORT   0x4u  /* cancel the ipc it is blocked in */
#define PENDING_MOVE    0x8u  /* it is pinned elsewhere now */
#define PENDING_RESCHED 0x10u /* another env should run first */
#define PENDING_RECEIVE 0x20u /* claimer: the receive phase of its ipc is still to be done */
#define PENDING_TIMER \
    0x40u /* claimer: it is in its receive phase now, whose timer does not run yet */

#define ENV_SIZE (GRAIN_LOCK_PADDED ? 1024 : 512)

#define WAIT_ANY        0           /* wait_from: no particular partner */
#define READY_ANY       0xffffffffu /* ready: for whoever comes */
#define READY_FAULT(id) (~(id)) /* ready: for that one's answer to its fault; ids are positive */

/* env.slow */
#define SLOW_FORBIDDEN 0x1u /* it may not call ipc at all */
#define SLOW_LISTED    0x2u /* it may not send to everyone; it may reply to them */
#define SLOW_ATTACHED  0x4u /* it serves another env's mailbox */

/* `ready` tells the fast path in one word whether it may hand this env a message: READY_ANY, it waits at
 * its own mailbox for anyone; an id, it waits for that env alone; READY_FAULT(id), and for the answer to its
 * fault; 0, look closer. Not 0 implies: no timeout; no fault, and entered by SYSENTER, but for READY_FAULT;
 * and for READY_ANY is_awaited. Set together with RECEIVING, cleared with CLAIMED or RUNNING, and by its home
 * CPU, the only one that relies on it, when it finds something pending. So nothing pending is overlooked:
 * whoever pends, pokes, and either the home CPU has looked by the time of the message, or it will before the
 * env gets to run user code for long. */

struct env {
    /* What a message touches: one cache line, the user stack pointer its last word. */
    struct lock lock;
    _Atomic uint32_t id;          /* written under lock; 0: no living env */
    _Atomic uint32_t state;       /* enum env_state; see above who writes it */
    _Atomic uint32_t ready;       /* see above */
    _Atomic uint32_t home;        /* written by the home CPU */
    _Atomic uint32_t above;       /* bits of the priorities above its own; written under lock */
    uint32_t cr3;                 /* home CPU; as loaded on it */
    uint32_t utcb_va;             /* immutable */
    _Atomic uint32_t wait_from;   /* receiving from this env alone; written by the env's owner */
    struct env *_Atomic waits_at; /* blocked at this mailbox; written by the env's owner */
    uint32_t ipc_op;              /* eax at entry; owner of the env */
    uint32_t resume;              /* enum env_resume; owner of the env */
    uint32_t slow;                /* SLOW_*: why it may not use the fast path; written by itself */
    bool mail GUARDED_BY(&lock);  /* false: neither a sender nor bits wait in its mailbox */
    bool passed_over GUARDED_BY(&lock); /* bits went last, and senders waited */
    struct env_public *public;          /* immutable */
    struct env_regs regs;               /* owner of the env; esp first */

    _Atomic uint32_t pending;
    struct utcb *utcb;           /* immutable; kernel address */
    struct env *_Atomic mailbox; /* whose mailbox it receives from; written by itself */

    /* The ipc it is in. Owner of the env; while it is blocked, whoever may claim it reads. */
    uint32_t ipc_partner; /* edx at entry */
    uint32_t win_va;      /* where pages may come, */
    uint32_t win_pages;   /* and how many */
    bool faulting;        /* the ipc is a fault, told to the pager */
    bool fault_refused;   /* and the pager would not resolve it: it dies of that */
    uint32_t fault_msg[4];
    uint32_t fault_error; /* of which the message has four bits */

    /* Its own mailbox: guarded by lock. */
    struct list senders GUARDED_BY(&lock);   /* envs in SENDING, first come first */
    struct list receivers GUARDED_BY(&lock); /* attached envs in RECEIVING that take from anyone */
    uint32_t notified GUARDED_BY(&lock);     /* bits not yet delivered */
    struct list link; /* in senders or receivers: that mailbox's lock; in a ready queue: home CPU */

    /* Identity and authority: guarded by lock; `controller` and `pager` may be read without. */
    _Atomic uint32_t controller;
    uint32_t death_bits GUARDED_BY(&lock); /* for the controller; 0: nobody waits, free the slot */
    _Atomic uint32_t pager;
    struct env_death death GUARDED_BY(&lock);
    uint32_t next_id GUARDED_BY(&lock); /* the slot's next id */
    uint32_t mailbox_id;                /* id of `mailbox` when it was attached; itself */
    struct aspace *aspace;              /* immutable while the env lives */
    struct env_limits limits; /* read by itself; written while stopped or by itself, under lock */
    uint32_t upcall GUARDED_BY(&lock); /* itself looks without whether it has one */
    uint32_t upcall_top GUARDED_BY(&lock);
    atomic_bool has_children; /* has created or was handed an env; not cleared while it lives */
    atomic_bool is_awaited;   /* somebody waits for it alone, or did; not cleared while it lives */

    /* Scheduling: home CPU. */
    bool queued;               /* in the home CPU's ready queue */
    uint32_t queue;            /* which one */
    uint32_t timer_slot;       /* in the home CPU's timer heap; 0: none. sched_is_over reads it */
    uint64_t deadline;         /* TSC */
    uint32_t step;             /* enum death_step: which is next */
    uint32_t progress;         /* of a long call: pages or bytes done so far */
    uint64_t ticks;            /* CPU time, TSC */
    _Atomic uint32_t priority; /* written under lock, by env_set_priority */
    _Atomic uint32_t pinned;   /* CPU or SCHED_ANY_CPU; written under lock */

    /* Inbox: `posted` says that it is in one; `inbox_next` belongs to that inbox's lock. */
    atomic_bool posted;
    struct env *inbox_next;

    struct env *free_next; /* the table's lock */
} ALIGNED(ENV_SIZE);

_Static_assert(sizeof(struct env) == ENV_SIZE, "a power of two: index and address by shifts");
#if defined(__i386__)
_Static_assert(sizeof(struct lock) > 4 || offsetof(struct env, regs.esp) == 60, "the first line");
#endif

extern struct env env_table[ENV_MAX];
extern struct env_public env_public[ENV_MAX];
extern _Atomic uint32_t env_used; /* slots in use */

void env_init(void);

static inline uint32_t env_index(const struct env *e)
{
    return (uint32_t)(e - env_table);
}

static inline uint32_t env_id(const struct env *e)
{
    return atomic_load_explicit(&e->id, memory_order_relaxed);
}

static inline enum env_state env_state(const struct env *e)
{
    return (enum env_state)atomic_load_explicit(&e->state, memory_order_acquire);
}

/* Whenever limits or mailbox have changed: by the env itself, or while it is stopped or claimed. */
void env_update_slow(struct env *e);

/* e->lock is held, or nobody knows of the env yet. */
void env_set_priority(struct env *e, uint32_t priority);

static inline enum env_public_status env_status_of(enum env_state state)
{
    switch (state) {
    case ENV_STATE_FREE:
        return ENV_FREE;
    case ENV_STATE_DEAD:
        return ENV_DEAD;
    case ENV_STATE_RUNNING:
        return ENV_RUNNING;
    case ENV_STATE_READY:
        return ENV_RUNNABLE;
    case ENV_STATE_STOPPED:
    case ENV_STATE_SENDING:
    case ENV_STATE_RECEIVING:
    case ENV_STATE_CLAIMED:
        break;
    }
    return ENV_NOT_RUNNABLE;
}

/* For the owner of the env, as the table above says. Also keeps the public record. */
static inline void env_set_state(struct env *e, enum env_state state)
{
    e->public->status = env_status_of(state);
    /* Release: who sees the new state sees what was written before it. Pairs with env_state(). */
    atomic_store_explicit(&e->state, state, memory_order_release);
    delays_here();
}

static inline void env_lock(struct env *e) ACQUIRES(&e->lock)
{
    lock_acquire(LOCK_ENV, &e->lock);
}

static inline void env_unlock(struct env *e) RELEASES(&e->lock)
{
    lock_release(LOCK_ENV, &e->lock);
}

/* The env of that id, or NULL. No lock: it may die at any moment; whoever then locks it looks at the
 * id again. */
static inline struct env *env_find(uint32_t id)
{
    struct env *e = &env_table[ENV_INDEX(id)];

    return id != 0 && env_id(e) == id ? e : NULL;
}

/* Like env_find, but returns with e->lock held when it finds one. */
struct env *env_find_lock(uint32_t id) MUST_CHECK;

/* The env of that id is `self`, or runs in its address space. No lock: true a moment ago. */
bool env_shares_space(const struct env *self, uint32_t id);

/* What an authority is asked for. */
enum env_right {
    ENV_RIGHT_CONTROL, /* the env itself, its controller, or one of its address space */
    ENV_RIGHT_MEMORY,  /* those, and its pager */
};

/* The env of that id (0: self), locked, if self has the right. NULL and *error else. */
struct env *env_authorize_lock(struct env *self, uint32_t id, enum env_right right, int *error)
    MUST_CHECK;

struct env_new {
    struct aspace *aspace;
    bool joins; /* the space has envs; the caller holds it. Else it is new, and expects this env */
    uint32_t controller;
    uint32_t death_bits;
    const struct env_limits *limits;
    uint32_t priority;
    const struct env *copy_of; /* whose registers it starts with, but eax = 0; NULL: all zero */
};

/* A stopped env with a message page. Returns its id: from then on others may start and end it, so what
 * *out points to is the caller's only while nobody knows of it. -E_NO_FREE_ENV, -E_NO_MEM, -E_QUOTA;
 * -E_BAD_ENV: the last env of the space that it was to join has died meanwhile. */
int env_create(const struct env_new *what, struct env **out) MUST_CHECK;

/* Sets PENDING bits in the env of that id, if it still has it, and has its home CPU look. e->lock is
 * held by the caller. */
void env_pend_locked(struct env *e, uint32_t bits) REQUIRES(&e->lock);

/* The running env of this CPU dies of `cause`: returns never. */
_Noreturn void env_die(struct env *self, const struct env_death *cause);
/* The same in steps, for an env found with PENDING_KILL. */
_Noreturn void env_die_on(struct env *self);

/* A READY env of no queue that is to stop: stops it. False if it was started again meanwhile. */
bool env_park_ready(struct env *e);

/* Frees the slot of a dead env. e->lock is held, and released. */
void env_free_unlock(struct env *e) RELEASES(&e->lock);

/* Back to user mode with this CPU's `e`, which is RUNNING or READY and off all queues; honours what
 * is pending first, and may so run another env instead. */
_Noreturn REGPARM void env_run(struct env *e);

#endif
