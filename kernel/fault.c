/* Faults of user code; see fault.h. Locks: env->lock for the upcall's address, the address space's to
 * write its frame.
 */
#include "kernel/fault.h"

#include "abi/ipc.h"
#include "abi/perm.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/ipc/ipc.h"
#include "kernel/jos.h"
#include "kernel/log.h"
#include "kernel/mm/aspace.h"

/* Between two nested frames one word is left free: the handler stores the return address there
 * (as in JOS, so that its upcall code works). */
#define UPCALL_SPARE 4u

/* Error code of a page fault (SDM 3A, 4.7). */
#define FAULT_ERROR_WRITE    0x02u
#define FAULT_ERROR_USER     0x04u
#define FAULT_ERROR_RESERVED 0x08u
#define FAULT_ERROR_FETCH    0x10u

static bool fault_on_exception_stack(uint32_t esp, uint32_t top)
{
    return esp < top && esp >= top - PAGE_SIZE;
}

/* Where the frame goes: below the exception stack when that is full. */
static uint32_t upcall_frame_at(uint32_t esp, uint32_t top)
{
    uint32_t size = (uint32_t)sizeof(struct env_upcall_frame);

    return fault_on_exception_stack(esp, top) ? esp - UPCALL_SPARE - size : top - size;
}

struct upcall {
    uint32_t eip;
    uint32_t top; /* of the exception stack */
};

/* Most envs have none, which one look tells: who sets it at this moment may as well come after it. */
static struct upcall upcall_of(struct env *self) NO_LOCK_ANALYSIS
{
    struct upcall upcall = {0};

    if (READ_ONCE(self->upcall) == 0)
        return upcall;
    env_lock(self);
    upcall = (struct upcall){.eip = self->upcall, .top = self->upcall_top};
    env_unlock(self);
    return upcall;
}

/* Why the upcall could not be entered; NULL when it was. */
static const char *upcall_enter(struct env *self, const struct fault *fault, struct upcall upcall)
{
    struct env_regs *regs = &self->regs;
    struct env_upcall_frame frame = {
        .fault_va = fault->address,
        .error = fault->error,
        .edi = regs->edi,
        .esi = regs->esi,
        .ebp = regs->ebp,
        .ebx = regs->ebx,
        .edx = regs->edx,
        .ecx = regs->ecx,
        .eax = regs->eax,
        .eip = regs->eip,
        .eflags = regs->eflags,
        .esp = regs->esp,
    };
    uint32_t at = upcall_frame_at(regs->esp, upcall.top);
    const char *why = NULL;

    if (!fault_on_exception_stack(at, upcall.top))
        why = "exception stack overflow";
    else if (aspace_write(self->aspace, at, &frame, sizeof(frame)) != 0)
        why = "no exception stack";
    if (why != NULL) {
        jos_say_no_stack(self, at, why);
        return why;
    }
    regs->esp = at;
    regs->eip = upcall.eip;
    self->progress = 0; /* a long call, interrupted, begins anew */
    return NULL;
}

static _Noreturn void fault_kill(struct env *self, const struct fault *fault, const char *why)
{
    const struct env_death death = {.cause = ENV_FAULTED,
                                    .vector = fault->vector,
                                    .error = fault->error,
                                    .address = fault->address,
                                    .eip = self->regs.eip};

    if (!jos_mode)
        log_info("[%08x] user fault: vector %u error %x va %08x ip %08x: %s", env_id(self),
                 fault->vector, fault->error, fault->address, self->regs.eip, why);
    env_die(self, &death);
}

/* Runs another env if there is a pager. */
static void fault_to_pager(struct env *self, const struct fault *fault)
{
    uint32_t pager = atomic_load_explicit(&self->pager, memory_order_relaxed);

    if (pager == 0)
        return;
    self->fault_error = fault->error;
    self->fault_msg[0] = IPC_LABEL_FAULT | (fault->error & 0xfu) << 8 | fault->vector;
    self->fault_msg[1] = fault->address;
    self->fault_msg[2] = self->regs.eip;
    self->fault_msg[3] = fault->error & FAULT_ERROR_FETCH ? IPC_FAULT_FETCH : 0;
    (void)ipc_send_fault(self, pager, fault->address & ~PAGE_MASK);
}

/* The page tables allow by now what faulted: another CPU had an older entry cached (rights that grow
 * are not shot down), or another thread's fault has brought the page meanwhile. */
static bool fault_is_over(struct env *self, const struct fault *fault)
{
    uint32_t need = PERM_R;

    if (fault->vector != VECTOR_PAGE_FAULT || !(fault->error & FAULT_ERROR_USER) ||
        fault->error & FAULT_ERROR_RESERVED || fault->address >= USER_TOP)
        return false;
    if (fault->error & FAULT_ERROR_WRITE)
        need |= PERM_W;
    if (fault->error & FAULT_ERROR_FETCH)
        need |= PERM_X;
    return (aspace_page_info(self->aspace, fault->address & ~PAGE_MASK) & need) == need;
}

_Noreturn void fault_deliver(struct env *self, const struct fault *fault)
{
    const char *why = "no handler";
    struct upcall upcall;

    if (fault_is_over(self, fault))
        env_run(self);
    upcall = upcall_of(self);
    if (upcall.eip != 0 && fault->vector == VECTOR_PAGE_FAULT) {
        why = upcall_enter(self, fault, upcall);
        if (why == NULL)
            env_run(self);
    } else {
        fault_to_pager(self, fault);
        jos_say_fault(self, fault);
    }
    fault_kill(self, fault, why);
}
