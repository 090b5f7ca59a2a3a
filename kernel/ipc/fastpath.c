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

/* A plain load of a field that others may read without its lock, under that lock: unlike an atomic load
 * it can be an operand of the comparison. */
#define LOCKED_READ(field) (*(const uint32_t *)(const void *)&(field))

/* What keeps an env from a fast reply. */
#define SLOW_REPLY (SLOW_FORBIDDEN | SLOW_ATTACHED)

static inline ALWAYS_INLINE struct env *fast_slot(uint32_t id)
{
    struct env *e = &env_table[ENV_INDEX(id)];

    __asm__("" : "+r"(e)); /* one register for it, not one more for its offset in the table */
    return e;
}

/* What is written of an ipc before anything is known of it: fields that only their owner reads while it
 * runs. What comes with the entry so needs no register any more. */
static inline ALWAYS_INLINE void fast_note(struct env *self, uint32_t op, uint32_t esp)
{
    lockstat_section(SYS_ipc);
    self->ipc_op = op;
    self->regs.esp = esp;
    self->resume = ENV_RESUME_SYSEXIT;
}

/* The system call proper goes on with it. */
static NOINLINE uint64_t fast_not(struct env *self, uint32_t partner)
{
    self->regs.eax = self->ipc_op;
    self->regs.edx = partner;
    return FAST_NOT;
}

/* Claims `to`, if it is the env of that id, waits for `wanted`, and may run here at once. It is RUNNING
 * then: nobody sees it between. */
static inline ALWAYS_INLINE bool fast_claim(struct env *to, uint32_t id,
                                            uint32_t wanted) NO_LOCK_ANALYSIS
{
    env_lock(to);
    if (unlikely(LOCKED_READ(to->id) != id) || unlikely(LOCKED_READ(to->ready) != wanted) ||
        unlikely(!ipc_may_run_next(to))) {
        env_unlock(to);
        return false;
    }
    atomic_store_explicit(&to->ready, 0, memory_order_relaxed);
    atomic_store_explicit(&to->state, ENV_STATE_RUNNING, memory_order_release);
    env_unlock(to);
    return true;
}

/* fast_not for a reply, unless it answers a fault: then `to` is claimed, and its registers stay as they are. */
static NOINLINE uint64_t fast_not_reply(struct env *self, uint32_t partner)
{
    struct env *to = fast_slot(partner);
    uint32_t wanted = READY_FAULT(env_id(self));

    if (atomic_load_explicit(&to->ready, memory_order_relaxed) != wanted ||
        !fast_claim(to, partner, wanted))
        return fast_not(self, partner);
    env_set_state(to, ENV_STATE_CLAIMED);
    self->ipc_partner = partner;
    return (uint64_t)(uintptr_t)to << 32 | FAST_ANSWER;
}

/* `to` was claimed to run at once: its public record says so. */
static inline ALWAYS_INLINE void fast_show(struct env *to)
{
    struct env_public *public = to->public;

    public->status = ENV_RUNNING;
    public->runs++;
}

/* To user mode with `to`. */
static inline ALWAYS_INLINE uint64_t fast_run(struct env *to, uint32_t result)
{
    struct cpu *cpu = this_cpu();
    uint32_t cr3 = to->cr3;

    fast_show(to);
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

/* The ipc fails for what it was to take along; `to` waits on. */
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

/* `self` waits for the next message, and `to` goes on with `result`. */
static inline ALWAYS_INLINE uint64_t fast_receive(struct env *self, struct env *to,
                                                  uint32_t result) NO_LOCK_ANALYSIS
{
    env_lock(self);
    if (unlikely(self->mail)) {
        env_unlock(self);
        return fast_rest(to, result);
    }
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    atomic_store_explicit(&self->waits_at, self, memory_order_relaxed);
    /* `to` waited for it: is_awaited is set. */
    atomic_store_explicit(&self->ready, READY_ANY, memory_order_relaxed);
    env_set_state(self, ENV_STATE_RECEIVING);
    env_unlock(self);
    return fast_run(to, result);
}

REGPARM uint64_t ipc_fast_call(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = fast_slot(partner);

    kernel_enter();
    fast_note(self, op, esp);
    if (unlikely(self->slow != 0) || !fast_claim(to, partner, READY_ANY))
        return fast_not(self, partner);
    ipc_block_for(self, partner, partner);
    return fast_run(to, env_id(self));
}

REGPARM uint64_t ipc_fast_reply_recv(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = fast_slot(partner);

    kernel_enter();
    fast_note(self, op, esp);
    if (unlikely(self->slow & SLOW_REPLY))
        return fast_not(self, partner);
    if (!fast_claim(to, partner, env_id(self)))
        return fast_not_reply(self, partner);
    return fast_receive(self, to, env_id(self));
}

/* Words are not too many, and the window for pages, if there is one, is that which was read and checked
 * last, or the faulting page; no pages: none was. */
static bool fast_knows_more(const struct env *self)
{
    if (self->ipc_op >> IPC_WORDS_SHIFT > IPC_WORDS_MAX)
        return false;
    return !(self->ipc_op & IPC_WINDOW) ||
           (self->win_pages != 0 && READ_ONCE(self->utcb->win_va) == self->win_va &&
            READ_ONCE(self->utcb->win_pages) == self->win_pages);
}

static inline ALWAYS_INLINE int fast_transfer(const struct env *self, struct env *to)
{
    return likely(self->ipc_op & (IPC_PAGES | IPC_WORDS_MASK)) ? ipc_transfer_extras(self, to) : 0;
}

REGPARM uint64_t ipc_fast_call_more(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = fast_slot(partner);
    int extra;

    kernel_enter();
    fast_note(self, op, esp);
    if (unlikely(self->slow != 0) || !fast_knows_more(self) || !fast_claim(to, partner, READY_ANY))
        return fast_not(self, partner);
    extra = fast_transfer(self, to);
    if (extra < 0)
        return fast_fail(self, to, extra);
    ipc_block_for(self, partner, partner);
    return fast_run(to, env_id(self) | (uint32_t)extra);
}

REGPARM uint64_t ipc_fast_reply_recv_more(uint32_t op, uint32_t partner, uint32_t esp)
{
    struct env *self = this_cpu()->current;
    struct env *to = fast_slot(partner);
    int extra;

    kernel_enter();
    fast_note(self, op, esp);
    if (unlikely(self->slow & SLOW_REPLY) || !fast_knows_more(self))
        return fast_not(self, partner);
    if (!fast_claim(to, partner, env_id(self)))
        return fast_not_reply(self, partner);
    extra = fast_transfer(self, to);
    if (extra == -E_INVAL) /* its own range is wrong; all else is the receiver's */
        return fast_fail(self, to, extra);
    if (extra < 0) {
        to->utcb->ipc_phase = IPC_PHASE_RECV;
        return fast_rest(to, (uint32_t)extra);
    }
    return fast_receive(self, to, env_id(self) | (uint32_t)extra);
}

#if GRAIN_FASTPATH
void ipc_fast_fault(struct env *self, uint32_t pager)
{
    struct env *to = fast_slot(pager);

    if (unlikely(self->slow & SLOW_ATTACHED) || !fast_claim(to, pager, READY_ANY))
        return;
    to->regs.eax = env_id(self);
    to->regs.ebx = self->fault_msg[0];
    to->regs.esi = self->fault_msg[1];
    to->regs.edi = self->fault_msg[2];
    to->regs.ebp = self->fault_msg[3];
    ipc_block_for(self, pager, READY_FAULT(pager));
    fast_show(to);
    env_run(to);
}
#endif

_Noreturn REGPARM void ipc_fast_rest(struct env *to)
{
    struct env *self = this_cpu()->current;

    env_set_state(to, ENV_STATE_CLAIMED);
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    ipc_receive_after(self, to);
}

_Noreturn REGPARM void ipc_fast_answer(struct env *to)
{
    struct env *self = this_cpu()->current;
    int error = ipc_answer(self, to);

    if (error != 0) {
        self->regs.eax = (uint32_t)error;
        self->utcb->ipc_phase = IPC_PHASE_SEND;
        env_run(self);
    }
    atomic_store_explicit(&self->wait_from, WAIT_ANY, memory_order_relaxed);
    ipc_receive_after(self, to);
}
