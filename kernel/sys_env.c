/* System calls on envs: create, start, stop, end, registers, fault route, authority.
 *
 * Locks: the lock of the env acted on, alone.
 */
#include "abi/errors.h"
#include "kernel/arch.h"
#include "kernel/arch/x86/context.h"
#include "kernel/ipc/ipc.h"
#include "kernel/jos.h"
#include "kernel/mm/aspace.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

/* CF PF AF ZF SF TF DF OF AC ID: what user code may set by itself. */
#define EFLAGS_SETTABLE 0x240dd5u
#define EFLAGS_ALWAYS   0x202u

/* How long a way up, by controllers, env_set_controller looks at. */
#define CONTROLLERS_MAX 256u

_Static_assert(sizeof(struct env_limits) <= UTCB_BUF_WORDS * 4, "limits travel in utcb->buf");

/* An address space for a new env. */
static struct aspace *create_space(struct env *self, uint32_t quota, int *error)
{
    struct aspace *as;

    if (quota > self->limits.frames) {
        *error = -E_PERM;
        return NULL;
    }
    as = aspace_create(quota == 0 ? self->limits.frames : quota);
    *error = as == NULL ? -E_NO_MEM : 0;
    return as;
}

/* That of another, held. */
static struct aspace *share_space(struct env *self, uint32_t id, int *error) NO_LOCK_ANALYSIS
{
    struct env *e = env_authorize_lock(self, id, ENV_RIGHT_CONTROL, error);
    struct aspace *as;

    if (e == NULL)
        return NULL;
    as = e->aspace;
    aspace_hold(as);
    env_unlock(e);
    return as;
}

/* One that no env came to be in. */
static void undo_space(struct aspace *as)
{
    bool gone = aspace_teardown(as);

    ASSERT(gone); /* at once: it is empty, and nobody else knows of it */
}

REGPARM int32_t sys_env_create(struct env *self)
{
    uint32_t flags = self->regs.edx;
    struct env_new what = {.controller = env_id(self),
                           .death_bits = self->regs.edi,
                           .joins = !(flags & ENV_NEW_ASPACE),
                           .limits = &self->limits,
                           .copy_of = flags & ENV_COPY_REGS ? self : NULL,
                           .priority = atomic_load(&self->priority)};
    struct env *child;
    int32_t result;
    int error;

    if (what.priority > self->limits.priority)
        what.priority = self->limits.priority;
    if ((flags & ~(ENV_NEW_ASPACE | ENV_COPY_REGS)) != 0)
        return -E_INVAL;
    what.aspace = what.joins ? share_space(self, self->regs.ebx, &error)
                             : create_space(self, self->regs.esi, &error);
    if (what.aspace == NULL)
        return error;
    atomic_store(&self->has_children, true);
    result = env_create(&what, &child);
    if (what.joins)
        aspace_drop(what.aspace);
    else if (result < 0)
        undo_space(what.aspace);
    return result;
}

REGPARM int32_t sys_env_start(struct env *self) NO_LOCK_ANALYSIS
{
    bool is_stopped;
    int error;
    struct env *e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);

    if (e == NULL)
        return error;
    is_stopped = env_state(e) == ENV_STATE_STOPPED;
    if (is_stopped)
        env_set_state(e, ENV_STATE_CLAIMED);
    else
        atomic_fetch_and(&e->pending, ~PENDING_STOP);
    env_unlock(e);
    if (is_stopped)
        sched_wake(e);
    return 0;
}

REGPARM int32_t sys_env_stop(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t flags = self->regs.ebx;
    uint32_t bits = PENDING_STOP | (flags & ENV_STOP_ABORT ? PENDING_ABORT : 0);
    enum env_state state;
    int error;
    struct env *e;

    if ((flags & ~ENV_STOP_ABORT) != 0)
        return -E_INVAL;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    if (env_state(e) != ENV_STATE_STOPPED && (atomic_load(&e->pending) & bits) != bits)
        env_pend_locked(e, bits);
    /* Only now: one that is blocked once it is pending will meet that before it runs user code. */
    state = env_state(e);
    /* At its own mailbox, under this lock: no message gets it past `pending` by the fast path. */
    if (state == ENV_STATE_RECEIVING)
        atomic_store_explicit(&e->ready, 0, memory_order_relaxed);
    env_unlock(e);
    if (e == self || state == ENV_STATE_STOPPED)
        return 0;
    /* Blocked in an ipc that it is to finish, it stops when it comes out of it, whenever that is. Otherwise its
     * home CPU sees to it shortly, and until then the call is made again. */
    if ((state != ENV_STATE_SENDING && state != ENV_STATE_RECEIVING) || flags & ENV_STOP_ABORT) {
        cpu_relax();
        syscall_restart(self);
    }
    return 0;
}

REGPARM int32_t sys_env_destroy(struct env *self) NO_LOCK_ANALYSIS
{
    int error;
    struct env *e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);

    if (e == NULL)
        return error;
    if (e == self) {
        const struct env_death death = {.cause = ENV_EXITED, .status = self->regs.ebx};

        env_unlock(e);
        jos_say_destroy(self, self);
        env_die(self, &death);
    }
    if (e->death.cause == 0)
        e->death = (struct env_death){.cause = ENV_KILLED, .status = self->regs.ebx};
    /* Before it is READY: an older post may have its home CPU look at it then, and run it. */
    atomic_fetch_or(&e->pending, PENDING_KILL);
    if (env_state(e) == ENV_STATE_STOPPED)
        env_set_state(e, ENV_STATE_READY);
    jos_say_destroy(self, e);
    sched_poke(e);
    env_unlock(e);
    return 0;
}

/* A dead env has no id that env_find knows: the public record still says which it was. */
REGPARM int32_t sys_env_reap(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t id = self->regs.edx;
    struct env *e = &env_table[ENV_INDEX(id)];
    int error = 0;

    env_lock(e);
    if (id == 0 || (uint32_t)env_public[ENV_INDEX(id)].id != id ||
        !env_shares_space(self, atomic_load(&e->controller)))
        error = -E_BAD_ENV;
    else if (env_state(e) != ENV_STATE_DEAD)
        error = -E_BUSY;
    if (error != 0) {
        env_unlock(e);
        return error;
    }
    *(struct env_death *)self->utcb->buf = e->death;
    env_free_unlock(e);
    return 0;
}

/* A stopped env that the caller controls, locked. */
static struct env *stopped_env_lock(struct env *self, uint32_t id, int *error) NO_LOCK_ANALYSIS
{
    struct env *e = env_authorize_lock(self, id, ENV_RIGHT_CONTROL, error);

    if (e == NULL)
        return NULL;
    if (env_state(e) == ENV_STATE_STOPPED)
        return e;
    env_unlock(e);
    *error = -E_BUSY;
    return NULL;
}

REGPARM int32_t sys_env_read_regs(struct env *self) NO_LOCK_ANALYSIS
{
    int error;
    struct env *e = stopped_env_lock(self, self->regs.edx, &error);
    struct env_regs regs;

    if (e == NULL)
        return error;
    regs = e->regs;
    if (e->resume == ENV_RESUME_SYSEXIT) {
        regs.eip = VSYS_RETURN;
        regs.edx = VSYS_RETURN;
        regs.ecx = regs.esp;
        regs.eflags = EFLAGS_ALWAYS;
    }
    env_unlock(e);
    *(struct env_regs *)self->utcb->buf = regs;
    return 0;
}

REGPARM int32_t sys_env_write_regs(struct env *self) NO_LOCK_ANALYSIS
{
    int error;
    struct env *e = stopped_env_lock(self, self->regs.edx, &error);

    if (e == NULL)
        return error;
    e->regs = *(const struct env_regs *)self->utcb->buf;
    e->regs.eflags = (e->regs.eflags & EFLAGS_SETTABLE) | EFLAGS_ALWAYS;
    e->resume = ENV_RESUME_IRET;
    e->progress = 0;
    if (atomic_fetch_and(&e->pending, ~PENDING_RECEIVE) & PENDING_RECEIVE)
        e->public->ipc_receiving = 0;
    env_unlock(e);
    return 0;
}

/* Faults and deaths are messages, too: who may not send to an env cannot have it told of them. */
static bool may_make_hear(const struct env *self, uint32_t id)
{
    return id == env_id(self) || ipc_may_send(self, id);
}

REGPARM int32_t sys_env_set_pager(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t pager = self->regs.ebx;
    int error;
    struct env *e;

    if (pager != 0 && env_find(pager) == NULL)
        return -E_BAD_ENV;
    if (pager != 0 && !may_make_hear(self, pager))
        return -E_PERM;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    atomic_store(&e->pager, pager);
    env_unlock(e);
    return 0;
}

static void set_controller_locked(struct env *e, uint32_t controller, uint32_t bits)
    REQUIRES(&e->lock)
{
    atomic_store(&e->controller, controller);
    e->death_bits = bits;
    e->public->controller = (envid_t)controller;
}

/* Whether the way up from env `id`, by controllers, leads to env `below`. Slots that are freed meanwhile have
 * passed on what pointed to them, so then the way is another: seen anew, a bounded number of times. */
static bool is_above(uint32_t below, uint32_t id)
{
    uint32_t at = id;

    for (uint32_t steps = 0; steps < CONTROLLERS_MAX; steps++) {
        uint32_t next;

        if (at == 0 || at == below)
            return at == below;
        next = atomic_load(&env_table[ENV_INDEX(at)].controller);
        if ((uint32_t)env_public[ENV_INDEX(at)].id == at)
            at = next;
        else if (at != id)
            at = id;
        else
            return false; /* there is no such env any more */
    }
    return true; /* somebody else's circle, just being closed; or too long a way */
}

/* The new controller is alive after it was written down: then, when it dies, it comes by and passes the
 * env on (death.c). If it is dead already, it may have been here before: all stays as it was. Nobody may
 * be his own controller's controller, at any distance: there would be no way up. Of two CPUs that close a
 * circle together, each writes first and looks then, so at least one sees it. */
static int hand_on_locked(struct env *self, struct env *e, uint32_t to, uint32_t bits)
    REQUIRES(&e->lock)
{
    uint32_t id = env_id(e);
    uint32_t from = atomic_load(&e->controller);
    uint32_t from_bits = e->death_bits;
    bool circle;

    if (is_above(id, to))
        return -E_INVAL;
    set_controller_locked(e, to, bits);
    circle = is_above(id, to);
    if (!circle && env_find(to) != NULL)
        return 0;
    set_controller_locked(e, from, from_bits);
    /* And that one may have died and come by in between, or got below e. */
    if (env_find(from) == NULL || is_above(id, from)) {
        atomic_store(&self->has_children, true);
        set_controller_locked(e, e == self ? 0 : env_id(self), e == self ? 0 : bits);
    }
    if (is_above(id, atomic_load(&e->controller)))
        set_controller_locked(e, 0, 0);
    return circle ? -E_INVAL : -E_BAD_ENV;
}

REGPARM int32_t sys_env_set_controller(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t controller = self->regs.ebx;
    struct env *to = env_find(controller);
    int error;
    struct env *e;

    if (to == NULL)
        return -E_BAD_ENV;
    if (!may_make_hear(self, controller))
        return -E_PERM;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    atomic_store(&to->has_children, true);
    error = hand_on_locked(self, e, controller, self->regs.esi);
    env_unlock(e);
    return error;
}

REGPARM int32_t sys_env_set_upcall(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t eip = self->regs.ebx;
    uint32_t top = self->regs.esi;
    int error;
    struct env *e;

    /* Whatever eip is: at a bad one its next fault ends in an overflow of its exception stack. */
    if (eip != 0 && aspace_check_range(top - PAGE_SIZE, 1) != 0)
        return -E_INVAL;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    WRITE_ONCE(e->upcall, eip);
    e->upcall_top = top;
    e->public->upcall = eip;
    env_unlock(e);
    return 0;
}

REGPARM int32_t sys_env_set_sched(struct env *self) NO_LOCK_ANALYSIS
{
    uint32_t priority = self->regs.ebx;
    uint32_t cpu = self->regs.esi;
    int error;
    struct env *e;

    if (priority >= SCHED_PRIORITIES || (cpu != SCHED_ANY_CPU && cpu >= cpu_count))
        return -E_INVAL;
    if (priority > self->limits.priority)
        return -E_PERM;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    env_set_priority(e, priority);
    atomic_store(&e->pinned, cpu);
    env_pend_locked(e, PENDING_MOVE | PENDING_RESCHED);
    env_unlock(e);
    return 0;
}

/* Limits. */

static bool ports_within(const struct env_port_range *want, const struct env_limits *have)
{
    if (want->last < want->first)
        return true;
    for (uint32_t i = 0; i < ENV_PORT_LIST; i++) {
        if (want->first >= have->ports[i].first && want->last <= have->ports[i].last)
            return true;
    }
    return false;
}

static bool send_within(envid_t want, const struct env_limits *have)
{
    if (have->send_count == ENV_SEND_ANY)
        return true;
    for (uint32_t i = 0; i < have->send_count; i++) {
        if (have->send_to[i] == want)
            return true;
    }
    return false;
}

static bool limits_within(const struct env_limits *want, const struct env_limits *have)
{
    if ((want->syscalls[0] & ~have->syscalls[0]) != 0 ||
        (want->syscalls[1] & ~have->syscalls[1]) != 0 || (want->irqs & ~have->irqs) != 0 ||
        want->priority > have->priority || want->frames > have->frames)
        return false;
    if (want->send_count == ENV_SEND_ANY && have->send_count != ENV_SEND_ANY)
        return false;
    for (uint32_t i = 0; want->send_count != ENV_SEND_ANY && i < want->send_count; i++) {
        if (!send_within(want->send_to[i], have))
            return false;
    }
    for (uint32_t i = 0; i < ENV_PORT_LIST; i++) {
        if (!ports_within(&want->ports[i], have))
            return false;
    }
    return true;
}

REGPARM int32_t sys_env_set_limits(struct env *self) NO_LOCK_ANALYSIS
{
    struct env_limits want = *(const struct env_limits *)self->utcb->buf;
    bool has_frames = want.frames != 0;
    int error;
    struct env *e;

    atomic_signal_fence(memory_order_acquire); /* others may write there: it is read once */
    if (want.send_count != ENV_SEND_ANY && want.send_count > ENV_SEND_LIST)
        return -E_INVAL;
    e = env_authorize_lock(self, self->regs.edx, ENV_RIGHT_CONTROL, &error);
    if (e == NULL)
        return error;
    /* The env reads its limits without a lock, so it must not be running meanwhile. */
    if (e != self && env_state(e) != ENV_STATE_STOPPED)
        error = -E_BUSY;
    if (!has_frames)
        want.frames = e->limits.frames;
    if (error == 0 && !limits_within(&want, &e->limits))
        error = -E_PERM;
    if (error == 0) {
        e->limits = want;
        env_update_slow(e);
        e->progress = 0; /* of a long call, which may be forbidden now */
        if (has_frames)
            aspace_shrink_quota(e->aspace, want.frames);
    }
    env_unlock(e);
    return error;
}
