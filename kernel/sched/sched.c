/* The scheduler; see sched.h. */
#include "kernel/sched/sched.h"

#include "abi/errors.h"
#include "abi/sysinfo.h"
#include "kernel/arch.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/first.h"
#include "kernel/ipc/ipc.h"
#include "kernel/jos.h"
#include "kernel/log.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"
#include "kernel/sched/quiet.h"
#include "kernel/sched/timer.h"
#include "kernel/string.h"

#define SCHED_SHARE_LOOKS    8u  /* at most so many envs in line are looked at */
#define SCHED_CLAIM_GRACE_US 20u /* when to look again at an env whose timeout met a claim */

/* TSC ticks; immutable after start-up. */
static uint64_t sched_slice;
static uint64_t sched_claim_grace;

void sched_init_cpu(void)
{
    struct cpu *cpu = this_cpu();

    for (uint32_t i = 0; i < SCHED_PRIORITIES; i++)
        list_init(&cpu->ready[i]);
    cpu->timer_armed = CPU_NEVER;
    cpu->charged = rdtsc();
    sched_slice = tsc_from_us(SCHED_SLICE_US);
    sched_claim_grace = tsc_from_us(SCHED_CLAIM_GRACE_US);
    timer_init_cpu();
}

/* The LAPIC timer is programmed only to make it fire earlier; its handler programs what comes next. */
static NOINLINE void sched_arm_earlier(uint64_t deadline)
{
    uint64_t now;

    this_cpu()->timer_armed = deadline;
    now = rdtsc();
    lapic_timer_arm(deadline > now ? deadline - now : 1);
}

static inline void sched_arm(uint64_t deadline)
{
    if (unlikely(deadline < this_cpu()->timer_armed))
        sched_arm_earlier(deadline);
}

void sched_add_timeout(struct env *e, uint32_t us)
{
    uint64_t deadline = rdtsc() + tsc_from_us(us);

    timer_add(e, deadline);
    sched_arm(deadline);
}

/* The ready queue. */

static inline ALWAYS_INLINE void queue_insert(struct env *e, uint32_t priority)
{
    struct cpu *cpu = this_cpu();

    ASSERT(!e->queued);
    list_append(&cpu->ready[priority], &e->link);
    cpu->ready_mask |= 1u << priority;
    e->queue = priority;
    e->queued = true;
}

/* queue: that of `e`. */
static inline void queue_remove(struct env *e, uint32_t queue)
{
    struct cpu *cpu = this_cpu();

    ASSERT(e->queued && e->queue == queue);
    list_remove(&e->link);
    if (list_is_empty(&cpu->ready[queue]))
        cpu->ready_mask &= ~(1u << queue);
    e->queued = false;
}

static struct env *queue_pick(void)
{
    struct cpu *cpu = this_cpu();
    uint32_t top;
    struct env *e;

    if (cpu->ready_mask == 0)
        return NULL;
    top = 31u - (uint32_t)__builtin_clz(cpu->ready_mask);
    e = CONTAINER_OF(cpu->ready[top].next, struct env, link);
    queue_remove(e, top);
    return e;
}

/* An env that is to die goes first, so that a busy CPU cannot keep it from dying. */
static uint32_t queue_priority(const struct env *e)
{
    if (unlikely(atomic_load_explicit(&e->pending, memory_order_relaxed) & PENDING_KILL))
        return SCHED_PRIORITIES - 1;
    return atomic_load_explicit(&e->priority, memory_order_relaxed);
}

/* Inbox: from any CPU to one. */

static void inbox_post(struct env *e, struct cpu *to)
{
    bool was_empty;

    /* Whoever finds it posted has changed the env before, and the flag is cleared before the home
     * CPU looks: pairs with the exchange in sched_take_inbox. */
    if (atomic_exchange(&e->posted, true))
        return;
    lock_acquire(LOCK_INBOX, &to->inbox_lock);
    was_empty = atomic_load_explicit(&to->inbox_head, memory_order_relaxed) == NULL;
    e->inbox_next = NULL;
    if (was_empty)
        atomic_store_explicit(&to->inbox_head, e, memory_order_relaxed);
    else
        to->inbox_tail->inbox_next = e;
    to->inbox_tail = e;
    lock_release(LOCK_INBOX, &to->inbox_lock);
    if (was_empty) {
        (void)sched_end_idle(1u << to->id);
        counter_up(&this_cpu()->ipis);
        lapic_send_ipi(to->lapic_id, VECTOR_WAKE);
    }
}

void sched_rouse(void)
{
    uint32_t mask = atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed) & ~(1u << cpu_id());

    if (mask == 0)
        return;
    counter_up(&this_cpu()->ipis);
    lapic_send_ipi(cpus[__builtin_ctz(mask)]->lapic_id, VECTOR_WAKE);
}

static inline bool inbox_is_empty(void)
{
    return atomic_load_explicit(&this_cpu()->self->inbox_head, memory_order_relaxed) == NULL;
}

static struct env *inbox_take_all(void)
{
    struct cpu *me = this_cpu()->self;
    struct env *first;

    if (inbox_is_empty())
        return NULL;
    lock_acquire(LOCK_INBOX, &me->inbox_lock);
    first = atomic_load_explicit(&me->inbox_head, memory_order_relaxed);
    atomic_store_explicit(&me->inbox_head, NULL, memory_order_relaxed);
    me->inbox_tail = NULL;
    lock_release(LOCK_INBOX, &me->inbox_lock);
    return first;
}

/* Homes. */

void sched_set_home(struct env *e, uint32_t cpu)
{
    e->cr3 = paging_cr3(e->aspace->pdpt, cpu);
    atomic_store_explicit(&e->home, cpu, memory_order_release);
    e->public->cpu = cpu;
    delays_here();
}

/* A halted CPU, which the caller now owes some work; SCHED_ANY_CPU if there is none. */
static uint32_t sched_take_idle_cpu(void)
{
    uint32_t mask = atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed);

    mask &= ~(1u << cpu_id());
    while (mask != 0) {
        uint32_t bit = mask & -mask;

        if (sched_end_idle(bit))
            return (uint32_t)__builtin_ctz(bit);
        mask &= ~bit;
    }
    return SCHED_ANY_CPU;
}

static void sched_send_to(struct env *e, uint32_t cpu)
{
    sched_set_home(e, cpu);
    inbox_post(e, cpus[cpu]);
}

/* The halted CPU that a READY env should go to; SCHED_ANY_CPU if there is none or it must stay. */
static uint32_t sched_idle_cpu_for(const struct env *e)
{
    if (sched_nobody_is_idle() || !sched_is_movable(e))
        return SCHED_ANY_CPU;
    if (atomic_load_explicit(&e->pending, memory_order_relaxed) & PENDING_KILL)
        return SCHED_ANY_CPU;
    return sched_take_idle_cpu();
}

/* The first env in line that another CPU may have; NULL if it is not among the first few. */
static struct env *queue_first_movable(void)
{
    struct cpu *cpu = this_cpu();
    uint32_t looks = SCHED_SHARE_LOOKS;

    for (uint32_t mask = cpu->ready_mask; mask != 0;) {
        uint32_t top = 31u - (uint32_t)__builtin_clz(mask);

        for (struct list *l = cpu->ready[top].next; l != &cpu->ready[top]; l = l->next) {
            struct env *e = CONTAINER_OF(l, struct env, link);

            if (sched_is_movable(e))
                return e;
            if (--looks == 0)
                return NULL;
        }
        mask &= ~(1u << top);
    }
    return NULL;
}

/* This CPU runs something: the next in line goes to a halted CPU. */
static NOINLINE void sched_share(void)
{
    struct env *e = queue_first_movable();
    uint32_t to;

    if (e == NULL)
        return;
    to = sched_idle_cpu_for(e);
    if (to == SCHED_ANY_CPU)
        return;
    queue_remove(e, e->queue);
    sched_send_to(e, to);
}

/* READY, at home, on no queue: to a halted CPU, if this one has something else to do. */
static NOINLINE bool sched_give_away(struct env *e)
{
    const struct cpu *cpu = this_cpu();
    uint32_t to = SCHED_ANY_CPU;

    if (cpu->current != NULL || cpu->ready_mask != 0)
        to = sched_idle_cpu_for(e);
    if (to == SCHED_ANY_CPU)
        return false;
    sched_send_to(e, to);
    return true;
}

/* READY, at home, on no queue: into one. */
static inline ALWAYS_INLINE void sched_admit(struct env *e)
{
    const struct cpu *cpu = this_cpu();
    uint32_t pending = atomic_load_explicit(&e->pending, memory_order_relaxed);
    uint32_t to = sched_pinned_elsewhere(e);
    uint32_t priority = queue_priority(e);

    timer_cancel(e);
    if (unlikely((pending & (PENDING_STOP | PENDING_KILL)) == PENDING_STOP) && env_park_ready(e))
        return;
    if (unlikely(to != SCHED_ANY_CPU)) {
        sched_send_to(e, to);
        return;
    }
    if (!sched_nobody_is_idle() && sched_give_away(e))
        return;
    queue_insert(e, priority);
    if (cpu->current != NULL &&
        priority > atomic_load_explicit(&cpu->current->priority, memory_order_relaxed))
        atomic_fetch_or(&cpu->current->pending, PENDING_RESCHED);
}

/* Its home is read while it is ours. Once it is READY its home CPU may run it, and it may block and get
 * another home, this CPU too, all before we go on. */
void sched_wake(struct env *e)
{
    uint32_t home = atomic_load_explicit(&e->home, memory_order_acquire);

    env_set_state(e, ENV_STATE_READY);
    if (home == cpu_id())
        sched_admit(e);
    else
        inbox_post(e, cpus[home]);
}

void sched_poke(struct env *e)
{
    inbox_post(e, cpus[atomic_load_explicit(&e->home, memory_order_acquire)]);
}

/* READY in this CPU's queue, and something about it changed: it is queued anew. */
static void sched_look_queued(struct env *e)
{
    queue_remove(e, e->queue);
    sched_admit(e);
}

static void sched_look_blocked(struct env *e)
{
    uint32_t pending = atomic_load(&e->pending);
    uint32_t to = sched_pinned_elsewhere(e);

    if (pending != 0)
        atomic_store_explicit(&e->ready, 0, memory_order_relaxed); /* see env.h */
    if (pending & (PENDING_KILL | PENDING_ABORT))
        (void)ipc_cancel(e, -E_ABORTED);
    else if (ipc_partner_is_gone(e))
        (void)ipc_cancel(e, -E_DEAD);
    else if (pending & PENDING_TIMER)
        ipc_time_receive(e);
    else if (e->timer_slot == 0 && to != SCHED_ANY_CPU)
        sched_set_home(e, to);
}

static bool sched_is_alive(const struct env *e)
{
    enum env_state state = env_state(e);

    return state != ENV_STATE_FREE && state != ENV_STATE_DEAD;
}

/* Of an env that is alive. After it was seen to be: the slot of a dead one may be another env's by now, at home
 * where it was made. While this CPU is in the kernel, what is at home here stays so, and alive. */
static bool sched_is_home(const struct env *e)
{
    delays_here();
    return atomic_load_explicit(&e->home, memory_order_acquire) == cpu_id();
}

/* The post may be older than the env in the slot, and the env may just be coming home from elsewhere: its
 * state counts only once it is alive and at home here. */
static void sched_look(struct env *e)
{
    if (!sched_is_alive(e))
        return;
    if (!sched_is_home(e)) {
        sched_poke(e);
        return;
    }
    switch (env_state(e)) {
    case ENV_STATE_READY:
        if (e->queued)
            sched_look_queued(e);
        else
            sched_admit(e);
        break;
    case ENV_STATE_SENDING:
    case ENV_STATE_RECEIVING:
        sched_look_blocked(e);
        break;
    case ENV_STATE_RUNNING: /* current: it is honoured on the way out */
    case ENV_STATE_CLAIMED: /* its claimer looks at `pending` when he lets go */
    case ENV_STATE_FREE:
    case ENV_STATE_STOPPED:
    case ENV_STATE_DEAD:
        break;
    }
}

void sched_take_inbox(void)
{
    struct env *e = inbox_take_all();

    while (e != NULL) {
        struct env *next = e->inbox_next;

        /* From here on it can be posted again. Pairs with the exchange in inbox_post: a change made
         * before a post that found the flag set is seen below. */
        atomic_exchange(&e->posted, false);
        sched_look(e);
        e = next;
    }
}

/* CPU time. Who runs when the timer fires, or ran last when the CPU halts, is charged all that has passed
 * since one of these happened last. So switching from env to env costs nothing more, nothing is lost, and
 * the sum is right; whose it is, is sampled. */

static void sched_charge(struct env *e, uint64_t now)
{
    struct cpu *cpu = this_cpu();

    if (e != NULL) {
        e->ticks += now - cpu->charged;
        env_public[env_index(e)].time_us = (uint32_t)tsc_to_us(e->ticks);
    }
    cpu->charged = now;
}

/* Timer interrupt. */

static void sched_expire(uint64_t now)
{
    struct env *e;

    while ((e = timer_expired(now)) != NULL) {
        /* Claimed by another CPU, which will wake it (that ends its timer) or put it back to wait. */
        if (!ipc_cancel(e, -E_TIMEOUT) && env_state(e) != ENV_STATE_READY)
            timer_add(e, now + sched_claim_grace);
    }
}

void sched_tick(void)
{
    struct cpu *cpu = this_cpu();
    uint64_t now = rdtsc();
    uint64_t next;

    cpu->timer_armed = CPU_NEVER;
    if (cpu->current != NULL)
        sched_charge(cpu->current, now);
    sched_expire(now);
    next = timer_next();
    if (cpu->current != NULL) {
        if (now >= cpu->slice_end) {
            cpu->slice_end = now + sched_slice;
            atomic_fetch_or(&cpu->current->pending, PENDING_RESCHED);
            /* What waits here may be of lower priority, and a CPU have become idle since. */
            if (!sched_nobody_is_idle())
                sched_share();
        }
        if (cpu->slice_end < next)
            next = cpu->slice_end;
    }
    sched_arm(next);
}

/* Switching. */

static void sched_irq_window(void)
{
    lockdep_assert_none("into an interrupt window");
    kernel_exit();
    cpu_irq_window();
    kernel_enter();
}

static bool sched_is_idle(void)
{
    return (atomic_load_explicit(&cpu_idle_mask, memory_order_relaxed) >> cpu_id() & 1u) != 0;
}

#define ZERO_PART (PAGE_SIZE / 4)

/* Part by part: false if this CPU is wanted before all is done. */
static bool sched_zero(uint32_t pfn)
{
    char *page = paging_kmap(pfn, 0);

    for (uint32_t done = 0; done < PAGE_SIZE; done += ZERO_PART) {
        if (!inbox_is_empty())
            return false;
        memset(page + done, 0, ZERO_PART);
        shootdown_catch_up();
    }
    return true;
}

/* Adds to the stock of zeroed frames until it is full or an interrupt comes. Returns whether this CPU is
 * idle still. */
static NOINLINE bool sched_zero_frames(void)
{
    while (sched_is_idle()) {
        uint32_t pfns[FRAME_WORK];
        uint32_t count = frame_begin_zeroing(pfns);
        uint32_t done = 0;

        if (count == 0)
            return true;
        kernel_exit();
        while (done < count && sched_zero(pfns[done]))
            done++;
        frame_leave_zeroing();
        kernel_enter();
        frame_end_zeroing(done);
        sched_irq_window();
    }
    return false;
}

/* Halts, and keeps the books of it where user code sees them. last: who ran before, or NULL. */
static void sched_halt(struct env *last)
{
    struct sysinfo_cpu *load = &first_sysinfo->cpus[cpu_id()];
    uint64_t start = rdtsc();

    sched_charge(last != NULL && sched_is_alive(last) && sched_is_home(last) ? last : NULL, start);
    load->halted_since = (uint32_t)tsc_to_us(start - tsc_start) | 1u;
    if (atomic_load_explicit(&frame_stock_is_full, memory_order_relaxed) || sched_zero_frames()) {
        kernel_exit();
        cpu_halt_with_irqs();
        delays_phase();
        kernel_enter();
    }
    this_cpu()->charged = rdtsc();
    this_cpu()->idle_ticks += this_cpu()->charged - start;
    load->idle_us = (uint32_t)tsc_to_us(this_cpu()->idle_ticks);
    load->halted_since = 0;
}

/* Ends the machine when no env is left that could ever run. Without `jos` it is no success that some are
 * left: they wait for each other. */
static void sched_report_end(void)
{
    uint32_t left;

    if (!sched_is_over())
        return;
    left = atomic_load(&env_used);
    if (jos_mode)
        log_plain("No runnable environments in the system!");
    log_info("no env is left that could run: %u blocked or stopped", left);
    log_plain("grain: halt code %u", left == 0 || jos_mode ? 0 : 1);
    arch_shutdown();
}

static void sched_idle(struct env *last)
{
    uint32_t bit = 1u << cpu_id();

    atomic_fetch_add(&this_cpu()->idle_count, 1);
    /* The bit is set before the inbox is looked at; a poster fills the inbox before it sends the
     * interrupt, which stays pending until the halt. So no post is slept through. */
    atomic_fetch_or(&cpu_idle_mask, bit);
    if (inbox_is_empty()) {
        sched_report_end();
        lockdep_assert_none("into halt");
        sched_halt(last);
    }
    atomic_fetch_and(&cpu_idle_mask, ~bit);
    shootdown_catch_up();
}

static void sched_loop(void)
{
    struct cpu *cpu = this_cpu();
    struct env *last = cpu->current;

    for (;;) {
        struct env *e;

        cpu->current = NULL;
        if (unlikely(!inbox_is_empty()))
            sched_take_inbox();
        e = queue_pick();
        if (e == NULL) {
            sched_idle(last);
            last = NULL;
            continue;
        }
        cpu->slice_end = rdtsc() + sched_slice;
        sched_arm(cpu->slice_end);
        if (!sched_nobody_is_idle())
            sched_share();
        env_run(e);
    }
}

/* On an empty stack: what runs next may have something pending, and come here again without having been
 * in user mode, and so on, for as many envs as there are. */
_Noreturn void sched_schedule(void)
{
    context_enter_scheduler(sched_loop);
}

_Noreturn void sched_requeue(struct env *self)
{
    env_set_state(self, ENV_STATE_READY);
    queue_insert(self, queue_priority(self));
    sched_schedule();
}

_Noreturn void sched_requeue_for(struct env *self, struct env *next)
{
    env_set_state(self, ENV_STATE_READY);
    queue_insert(self, queue_priority(self));
    env_run(next);
}

_Noreturn void sched_breathe(void)
{
    this_cpu()->current = NULL;
    sched_irq_window();
    sched_schedule();
}

_Noreturn void sched_pause(struct env *self)
{
    env_set_state(self, ENV_STATE_READY);
    queue_insert(self, queue_priority(self));
    sched_breathe();
}
