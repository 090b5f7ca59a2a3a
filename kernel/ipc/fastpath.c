/* The fast path; see fastpath.h. Each function first checks everything, then commits by claiming the
 * receiver, and only then writes what others can see.
 *
 * Locks: one env lock at a time. A call takes the receiver's alone. It opens its own receive without a
 * lock: it waits for the receiver that it has just claimed and that lives on this CPU, so there is
 * nobody who could have something for it before this CPU runs that receiver; and what others look at
 * under its lock is written before the state that makes it count.
 */
#include "kernel/ipc/fastpath.h"

#include "abi/ipc.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/ipc/phases.h"
#include "kernel/string.h"

/* What is written of an ipc before anything is known of it: fields that only their owner reads while it
 * runs. What comes with the entry so needs no register any more. */
static inline ALWAYS_INLINE void fast_note(struct env *self, uint32_t op, uint32_t partner,
                                           uint32_t esp)
{
    lockstat_section(SYS_ipc);
    self->ipc_op = op;
    self->ipc_partner = partner;
    self->regs.esp = esp;
    self->resume = ENV_RESUME_SYSEXIT;
}

/* The system call proper goes on with it. */
static NOINLINE uint64_t fast_not(struct env *self)
{
    self->regs.eax = self->ipc_op;
    self->regs.edx = self->ipc_partner;
    return FAST_NOT;
}

static inline ALWAYS_INLINE bool fast_words_are_valid(uint32_t op)
{
    return likely(op >> IPC_WORDS_SHIFT == 0) || op >> IPC_WORDS_SHIFT <= IPC_WORDS_MAX;
}

/* The window for pages is the one that was read and checked last. */
static inline ALWAYS_INLINE bool fast_window_is_known(const struct env *self, uint32_t op)
{
    return likely(!(op & IPC_WINDOW)) || (READ_ONCE(self->utcb->win_va) == self->win_va &&
                                          READ_ONCE(self->utcb->win_pages) == self->win_pages);
}

/* Claims `to`, if it is the env of that id, waits for `wanted`, and may run here at once. It is RUNNING
 * then: nobody sees it between. */
static inline ALWAYS_INLINE bool fast_claim(struct env *to, uint32_t id,
                                            uint32_t wanted) NO_LOCK_ANALYSIS
{
    bool ready;

    __asm__("" : "+r"(to)); /* one register for it, not one more for its offset in the table */

    env_lock(to);
    ready = likely(env_id(to) == id) &&
            likely(atomic_load_explicit(&to->ready, memory_order_relaxed) == wanted) &&
            likely(ipc_may_run_next(to));
    if (ready) {
        atomic_store_explicit(&to->ready, 0, memory_order_relaxed);
        atomic_store_explicit(&to->state, ENV_STATE_RUNNING, memory_order_release);
    }
    env_unlock(to);
    return ready;
}

/* `self` blocks in its receive phase. Last of all the state, by which others go. */
static inline ALWAYS_INLINE void fast_block(struct env *self, uint32_t from, uint32_t ready)
{
    atomic_store_explicit(&self->wait_from, from, memory_order_relaxed);
    atomic_store_explicit(&self->waits_at, self, memory_order_relaxed);
    atomic_store_explicit(&self->ready, ready, memory_order_relaxed);
    self->public->status = ENV_NOT_RUNNABLE;
    atomic_store_explicit(&self->state, ENV_STATE_RECEIVING, memory_order_release);
}

/* Words beyond the registers. */
static NOINLINE uint32_t fast_copy_words(const struct env *self, const struct env *to)
{
    uint32_t words = self->ipc_op >> IPC_WORDS_SHIFT;
    struct utcb *utcb = to->utcb;

    memcpy(utcb->words, self->utcb->words, words * sizeof(uint32_t));
    utcb->got_words = words;
    utcb->got_pages = 0;
    utcb->got_perm = 0;
    return IPC_EXTRA;
}

static inline ALWAYS_INLINE uint32_t fast_words(const struct env *self, const struct env *to)
{
    return likely(self->ipc_op >> IPC_WORDS_SHIFT == 0) ? 0 : fast_copy_words(self, to);
}

/* To user mode with `to`. */
static inline ALWAYS_INLINE uint64_t fast_run(struct env *to, uint32_t result)
{
    struct cpu *cpu = this_cpu();
    struct env_public *public = to->public;
    uint32_t cr3 = to->cr3;

    public->status = ENV_RUNNING;
    public->runs++;
    cpu->current = to;
    if (likely(cpu->cr3 != cr3)) {
        /* Published first: see shootdown(). */
        WRITE_ONCE(cpu->cr3, cr3);
        cpu_write_cr3(cr3);
    }
    context_show_utcb(to->utcb_va);
    lockdep_assert_none("to user mode");
    kernel_exit();
    return (uint64_t)to->regs.esp << 32 | result;
}

REGPARM uint64_t ipc_fast_call(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = &env_table[ENV_INDEX(partner)];
    uint32_t result;

    kernel_enter();
    fast_note(self, op, partner, esp);
    if (unlikely(self->slow != 0) || !fast_words_are_valid(op) ||
        !fast_claim(to, partner, READY_ANY))
        return fast_not(self);

    result = env_id(self) | fast_words(self, to);
    fast_block(self, partner, partner);
    return fast_run(to, result);
}

REGPARM uint64_t ipc_fast_reply_recv(uint32_t op, uint32_t partner, uint32_t esp) NO_LOCK_ANALYSIS
{
    struct env *self = this_cpu()->current;
    struct env *to = &env_table[ENV_INDEX(partner)];
    uint32_t result;

    kernel_enter();
    fast_note(self, op, partner, esp);
    if (unlikely(self->slow != 0) || !fast_words_are_valid(op) || !fast_window_is_known(self, op) ||
        !fast_claim(to, partner, env_id(self)))
        return fast_not(self);

    result = env_id(self) | fast_words(self, to);
    env_lock(self);
    if (unlikely(self->mail)) {
        env_unlock(self);
        to->regs.eax = result;
        return (uint64_t)(uintptr_t)to << 32 | FAST_REST;
    }
    /* Its partner waits for it: is_awaited is set. */
    fast_block(self, WAIT_ANY, READY_ANY);
    env_unlock(self);
    return fast_run(to, result);
}

_Noreturn REGPARM void ipc_fast_rest(struct env *to)
{
    struct env *self = this_cpu()->current;

    env_set_state(to, ENV_STATE_CLAIMED);
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    ipc_receive_after(self, to);
}
