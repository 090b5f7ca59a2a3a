/* The fast path; see fastpath.h. Each function first checks everything, then commits by claiming the
 * receiver, and only then writes what others can see. Words and pages that go along are moved between
 * the two, by the same code as always; it may fail and undo the claim.
 *
 * Locks: one env lock at a time. A call takes the receiver's alone (see ipc_block_for), a reply the
 * receiver's and then its own.
 */
#include "kernel/ipc/fastpath.h"

#include "abi/errors.h"
#include "abi/ipc.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/ipc/phases.h"
#include "kernel/ipc/transfer.h"

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

/* Beyond the registers: words, pages, a window for pages. Of a call and of a reply; the window of a reply is
 * so common that it is looked at apart. */
#define FAST_CALL_EXTRAS  (~(0xffu | IPC_OP_CALL))
#define FAST_REPLY_EXTRAS (~(0xffu | IPC_OP_REPLY_RECV | IPC_WINDOW))

/* The window for pages, if there is one, is that which was read and checked last. */
static inline ALWAYS_INLINE bool fast_window_is_known(const struct env *self, uint32_t op)
{
    return !(op & IPC_WINDOW) || (likely(READ_ONCE(self->utcb->win_va) == self->win_va) &&
                                  likely(READ_ONCE(self->utcb->win_pages) == self->win_pages));
}

static inline ALWAYS_INLINE bool fast_words_are_valid(uint32_t op)
{
    return op >> IPC_WORDS_SHIFT <= IPC_WORDS_MAX;
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

/* The call fails for what it was to take along; `to` waits on. */
static NOINLINE uint64_t fast_fail(struct env *self, struct env *to, int error)
{
    env_set_state(to, ENV_STATE_CLAIMED);
    ipc_put_back(to);
    self->utcb->ipc_phase = IPC_PHASE_SEND;
    return (uint32_t)error;
}

/* `to` was answered, with a message or an error; the receive goes the whole way. */
static NOINLINE uint64_t fast_rest(struct env *to, uint32_t result)
{
    to->regs.eax = result;
    return (uint64_t)(uintptr_t)to << 32 | FAST_REST;
}

REGPARM uint64_t ipc_fast_call(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = &env_table[ENV_INDEX(partner)];
    int extra = 0;

    kernel_enter();
    fast_note(self, op, partner, esp);
    if (unlikely(self->slow != 0))
        return fast_not(self);
    if (unlikely(op & FAST_CALL_EXTRAS) &&
        (!fast_words_are_valid(op) || !fast_window_is_known(self, op)))
        return fast_not(self);
    if (!fast_claim(to, partner, READY_ANY))
        return fast_not(self);
    if (unlikely(self->ipc_op & FAST_CALL_EXTRAS)) {
        extra = ipc_transfer_extras(self, to);
        if (extra < 0)
            return fast_fail(self, to, extra);
    }
    ipc_block_for(self, self->ipc_partner, self->ipc_partner);
    return fast_run(to, env_id(self) | (uint32_t)extra);
}

REGPARM uint64_t ipc_fast_reply_recv(uint32_t op, uint32_t partner, uint32_t esp) NO_LOCK_ANALYSIS
{
    struct env *self = this_cpu()->current;
    struct env *to = &env_table[ENV_INDEX(partner)];
    int extra = 0;

    kernel_enter();
    fast_note(self, op, partner, esp);
    if (unlikely(self->slow != 0) || !fast_window_is_known(self, op))
        return fast_not(self);
    if (unlikely(op & FAST_REPLY_EXTRAS) && !fast_words_are_valid(op))
        return fast_not(self);
    if (!fast_claim(to, partner, env_id(self)))
        return fast_not(self);
    if (unlikely(self->ipc_op & FAST_REPLY_EXTRAS)) {
        extra = ipc_transfer_extras(self, to);
        if (extra == -E_INVAL)
            return fast_fail(self, to, extra);
        if (extra < 0) {
            to->utcb->ipc_phase = IPC_PHASE_RECV;
            return fast_rest(to, (uint32_t)extra);
        }
    }
    env_lock(self);
    if (unlikely(self->mail)) {
        env_unlock(self);
        return fast_rest(to, env_id(self) | (uint32_t)extra);
    }
    /* `to` waited for it: is_awaited is set. */
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    atomic_store_explicit(&self->waits_at, self, memory_order_relaxed);
    atomic_store_explicit(&self->ready, READY_ANY, memory_order_relaxed);
    env_set_state(self, ENV_STATE_RECEIVING);
    extra |= (int)env_id(self);
    env_unlock(self);
    return fast_run(to, (uint32_t)extra);
}

_Noreturn REGPARM void ipc_fast_rest(struct env *to)
{
    struct env *self = this_cpu()->current;

    env_set_state(to, ENV_STATE_CLAIMED);
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    ipc_receive_after(self, to);
}
