/* The env table: slots, ids, authority, what happens on the way to user mode. See env.h.
 *
 * Locks: env->lock; env_table_lock for the list of free slots.
 */
#include "kernel/env.h"

#include "abi/errors.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/check/inside.h"
#include "kernel/ipc/ipc.h"
#include "kernel/jos.h"
#include "kernel/mm/aspace.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "kernel/string.h"

#define EFLAGS_USER 0x202u /* interrupts on, and the bit that is always 1 */

struct env env_table[ENV_MAX];
struct env_public env_public[ENV_MAX] ALIGNED(PAGE_SIZE);
_Atomic uint32_t env_used;

static struct lock env_table_lock;
static struct env *env_free_list GUARDED_BY(&env_table_lock);

/* Before any other CPU runs. */
void env_init(void) NO_LOCK_ANALYSIS
{
    lock_init(&env_table_lock);
    for (uint32_t i = ENV_MAX; i-- > 0;) {
        struct env *e = &env_table[i];

        lock_init(&e->lock);
        list_init(&e->senders);
        list_init(&e->receivers);
        list_init(&e->link);
        atomic_store(&e->mailbox, e); /* an id of a slot that was never used leads there, too */
        e->public = &env_public[i];
        e->next_id = ENV_ID_FIRST + i;
        e->free_next = env_free_list;
        env_free_list = e;
    }
}

void env_update_slow(struct env *e)
{
    bool allowed = (e->limits.syscalls[SYS_ipc / 32] >> SYS_ipc % 32 & 1u) != 0;
    bool listed = e->limits.send_count != ENV_SEND_ANY;
    bool attached = atomic_load_explicit(&e->mailbox, memory_order_relaxed) != e;

    e->slow = (allowed ? 0 : SLOW_FORBIDDEN) | (listed ? SLOW_LISTED : 0) |
              (attached ? SLOW_ATTACHED : 0);
}

void env_set_priority(struct env *e, uint32_t priority)
{
    atomic_store_explicit(&e->priority, priority, memory_order_relaxed);
    atomic_store_explicit(&e->above, ~UINT32_C(1) << priority, memory_order_relaxed);
    e->public->priority = priority;
}

struct env *env_find_lock(uint32_t id) NO_LOCK_ANALYSIS
{
    struct env *e = env_find(id);

    if (e == NULL)
        return NULL;
    env_lock(e);
    if (env_id(e) == id)
        return e;
    env_unlock(e);
    return NULL;
}

bool env_shares_space(const struct env *self, uint32_t id)
{
    const struct env *e = env_find(id);
    const struct aspace *as;

    if (e == NULL)
        return false;
    /* It may die meanwhile, and the slot be another's, whose space was written while the id was void: so the
     * space is read between two looks at the id. Both fences pair with the stores of the id, to void in
     * death_void_id and to the next in env_publish. */
    atomic_thread_fence(memory_order_acquire);
    as = READ_ONCE(e->aspace);
    atomic_thread_fence(memory_order_acquire);
    return as == self->aspace && env_find(id) != NULL;
}

static bool env_has_right(const struct env *self, const struct env *e, enum env_right right)
{
    if (e->aspace == self->aspace)
        return true;
    if (env_shares_space(self, atomic_load_explicit(&e->controller, memory_order_relaxed)))
        return true;
    return right == ENV_RIGHT_MEMORY &&
           env_shares_space(self, atomic_load_explicit(&e->pager, memory_order_relaxed));
}

struct env *env_authorize_lock(struct env *self, uint32_t id, enum env_right right,
                               int *error) NO_LOCK_ANALYSIS
{
    struct env *e = env_find_lock(id == 0 ? env_id(self) : id);

    *error = -E_BAD_ENV;
    if (e == NULL)
        return NULL;
    if (!env_has_right(self, e, right)) {
        env_unlock(e);
        return NULL;
    }
    *error = 0;
    return e;
}

/* Slots. */

static struct env *env_take_slot(void)
{
    struct env *e;

    lock_acquire(LOCK_ENV_TABLE, &env_table_lock);
    e = env_free_list;
    if (e != NULL)
        env_free_list = e->free_next;
    lock_release(LOCK_ENV_TABLE, &env_table_lock);
    if (e != NULL)
        atomic_fetch_add(&env_used, 1);
    return e;
}

static void env_give_slot(struct env *e)
{
    lock_acquire(LOCK_ENV_TABLE, &env_table_lock);
    e->free_next = env_free_list;
    env_free_list = e;
    lock_release(LOCK_ENV_TABLE, &env_table_lock);
    atomic_fetch_sub(&env_used, 1);
}

/* The id after `id` in the same slot: the next generation, never 0 and never negative. */
static uint32_t env_next_id(uint32_t id)
{
    uint32_t next = id + (1u << ENV_GEN_SHIFT);

    return (int32_t)next > 0 ? next : ENV_ID_FIRST + ENV_INDEX(id);
}

/* The slot can be had before the public record says FREE: who sees that and creates an env gets one. It is
 * no other env before the lock is released. */
void env_free_unlock(struct env *e)
{
    atomic_store(&e->id, 0);
    env_give_slot(e);
    env_set_state(e, ENV_STATE_FREE);
    e->public->id = 0;
    e->public->controller = 0;
    env_unlock(e);
}

static void env_fill_registers(struct env *e, const struct env *copy_of)
{
    if (copy_of == NULL) {
        memset(&e->regs, 0, sizeof(e->regs));
        e->regs.eflags = EFLAGS_USER;
        e->resume = ENV_RESUME_IRET;
        return;
    }
    e->regs = copy_of->regs;
    e->regs.eax = 0;
    e->resume = copy_of->resume;
}

static void env_fill(struct env *e, const struct env_new *what)
{
    env_fill_registers(e, what->copy_of);
    WRITE_ONCE(e->aspace, what->aspace); /* env_shares_space may look, and believes nothing yet */
    e->limits = *what->limits;
    e->ipc_op = 0;
    e->win_va = 0;
    e->win_pages = 0;
    e->faulting = false;
    e->fault_refused = false;
    atomic_store(&e->has_children, false);
    atomic_store(&e->is_awaited, false);
    e->queued = false;
    e->step = 0;
    e->progress = 0;
    e->ticks = 0;
    atomic_store(&e->wait_from, WAIT_ANY);
    atomic_store(&e->pager, 0);
    atomic_store(&e->ready, 0);
    atomic_store(&e->pinned, SCHED_ANY_CPU);
    atomic_store(&e->mailbox, e);
    env_update_slow(e);
    sched_set_home(e, cpu_id());
}

/* The slot becomes an env: from here on others find it. Returns its id. */
static uint32_t env_publish(struct env *e, const struct env_new *what)
{
    uint32_t id;

    env_lock(e);
    id = e->next_id;
    e->next_id = env_next_id(id);
    WRITE_ONCE(e->mailbox_id, id);
    e->notified = 0;
    e->mail = false;
    e->passed_over = false;
    e->upcall = 0;
    e->upcall_top = 0;
    e->death = (struct env_death){0};
    e->death_bits = what->death_bits;
    atomic_store(&e->controller, what->controller);
    atomic_store(&e->pending, 0);
    e->utcb->self = id;
    e->utcb->va = e->utcb_va;
    *e->public = (struct env_public){.id = (envid_t)id,
                                     .controller = (envid_t)what->controller,
                                     .creator = (envid_t)what->controller,
                                     .cpu = cpu_id(),
                                     .aspace = what->aspace->serial};
    env_set_priority(e, what->priority);
    env_set_state(e, ENV_STATE_STOPPED);
    atomic_store(&e->id, id);
    env_unlock(e);
    jos_say_new(what->controller, id);
    return id;
}

int env_create(const struct env_new *what, struct env **out)
{
    struct env *e = env_take_slot();
    void *utcb;
    int error;

    if (e == NULL)
        return -E_NO_FREE_ENV;
    error = aspace_utcb_alloc(what->aspace, &e->utcb_va, &utcb);
    if (error == 0 && what->joins && !aspace_join(what->aspace)) {
        aspace_utcb_free(what->aspace, e->utcb_va);
        error = -E_BAD_ENV;
    }
    if (error != 0) {
        env_give_slot(e);
        return error;
    }
    e->utcb = utcb;
    env_fill(e, what);
    *out = e;
    return (int)env_publish(e, what);
}

void env_pend_locked(struct env *e, uint32_t bits)
{
    atomic_fetch_or(&e->pending, bits);
    sched_poke(e);
}

/* On the way to user mode. */

bool env_park_ready(struct env *e)
{
    bool park;

    env_lock(e);
    park = (atomic_fetch_and(&e->pending, ~PENDING_STOP) & PENDING_STOP) != 0;
    /* Killed meanwhile: a stopped env would never get to die. By others that bit is set under the lock, too. */
    if (atomic_load(&e->pending) & PENDING_KILL)
        park = false;
    if (park)
        env_set_state(e, ENV_STATE_STOPPED);
    env_unlock(e);
    return park;
}

/* Stops where it is, unless it was started again meanwhile. */
static void env_park(struct env *e)
{
    if (env_park_ready(e))
        sched_schedule();
}

static void env_move(struct env *e)
{
    atomic_fetch_and(&e->pending, ~PENDING_MOVE);
    if (sched_pinned_elsewhere(e) == SCHED_ANY_CPU)
        return;
    this_cpu()->current = NULL;
    sched_wake(e);
    sched_schedule();
}

static void env_give_way(struct env *e)
{
    atomic_fetch_and(&e->pending, ~PENDING_RESCHED);
    if (sched_has_ready(atomic_load_explicit(&e->priority, memory_order_relaxed)))
        sched_requeue(e);
}

static void env_continue_ipc(struct env *e, uint32_t pending)
{
    /* With a timer of its own, if it is to have one. */
    atomic_fetch_and(&e->pending, ~(PENDING_RECEIVE | PENDING_ABORT | PENDING_TIMER));
    ipc_resume_receive(e, (pending & PENDING_ABORT) != 0);
}

/* Each of these either takes its bit away or runs another env. */
static void env_honour(struct env *e)
{
    uint32_t pending;

    while ((pending = atomic_load(&e->pending)) != 0) {
        if (pending & PENDING_KILL)
            env_die_on(e);
        else if (pending & PENDING_STOP)
            env_park(e);
        else if (pending & PENDING_MOVE)
            env_move(e);
        else if (pending & PENDING_RECEIVE)
            env_continue_ipc(e, pending);
        else if (pending & (PENDING_ABORT | PENDING_TIMER))
            atomic_fetch_and(&e->pending, ~(PENDING_ABORT | PENDING_TIMER));
        else
            env_give_way(e);
    }
}

_Noreturn REGPARM void env_run(struct env *e)
{
    struct cpu *cpu = this_cpu();

    ASSERT(atomic_load(&e->home) == cpu->id);
    ASSERT(!e->queued);
    cpu->current = e;
    if (env_state(e) != ENV_STATE_RUNNING) {
        env_set_state(e, ENV_STATE_RUNNING);
        e->public->runs++;
    }
    if (unlikely(atomic_load_explicit(&e->pending, memory_order_relaxed) != 0))
        env_honour(e);
    if (cpu->cr3 != e->cr3) {
        /* Published first: see shootdown(). */
        WRITE_ONCE(cpu->cr3, e->cr3);
        cpu_write_cr3(e->cr3);
    }
    context_show_utcb(e->utcb_va);
    lockdep_assert_none("to user mode");
    kernel_exit();
    context_resume(e);
}

#if GRAIN_KTEST
const struct env *env_inside_free(const struct lock **lock) NO_LOCK_ANALYSIS
{
    *lock = &env_table_lock;
    return env_free_list;
}
#endif
