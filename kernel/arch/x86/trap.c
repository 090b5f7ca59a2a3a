/* Exceptions and interrupts; see trap.h. No locks of its own. */
#include "kernel/arch/x86/trap.h"

#include "kernel/arch.h"
#include "kernel/arch/x86/backtrace.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/pic.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/check/inject.h"
#include "kernel/check/stop.h"
#include "kernel/fault.h"
#include "kernel/irq.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define EFLAGS_TF 0x100u

void sysenter_entry(void);
void double_fault_task(void);

/* The line of a device vector, or IRQ_LINES. */
static uint32_t trap_irq_line(uint32_t vector)
{
    if (vector - VECTOR_IRQ_BASE < VECTOR_IRQS)
        return vector - VECTOR_IRQ_BASE;
    if (vector - VECTOR_IRQ_HIGH < IRQ_LINES - VECTOR_IRQS)
        return vector - VECTOR_IRQ_HIGH + VECTOR_IRQS;
    return IRQ_LINES;
}

static void trap_device(uint32_t vector)
{
    uint32_t line = trap_irq_line(vector);

    /* Spurious: the 8259s are masked but may still answer without an interrupt in service, and then
     * no EOI is due. */
    if (line == IRQ_LINES)
        return;
    if (!lapic_in_service((uint8_t)vector)) {
        if (line < VECTOR_IRQS)
            pic_ack_spurious((uint8_t)line);
        return;
    }
    irq_handle(line);
    lapic_eoi();
}

static void trap_interrupt(uint32_t vector)
{
    inject_delay(DEBUG_DELAY_STALL);
    switch (vector) {
    case VECTOR_TIMER:
        lapic_eoi();
        sched_tick();
        break;
    case VECTOR_WAKE:
        lapic_eoi();
        sched_take_inbox();
        break;
    case VECTOR_TLB:
        lapic_eoi();
        shootdown_answer();
        break;
    case VECTOR_STOP:
        lapic_eoi();
        stop_interrupt();
        break;
    case VECTOR_SPURIOUS:
        break;
    default:
        trap_device(vector);
        break;
    }
}

_Noreturn REGPARM void trap_user(struct env *self, uint32_t vector, uint32_t error)
{
    uint32_t address = vector == VECTOR_PAGE_FAULT ? cpu_read_cr2() : 0;

    kernel_enter();
    if (vector == VECTOR_SYSCALL) {
        lockstat_section(self->regs.eax & 0xffu);
        syscall_from_gate(self);
    } else if (vector < VECTOR_EXCEPTIONS) {
        const struct fault fault = {.vector = vector, .error = error, .address = address};

        lockstat_section(LOCKSTAT_SECTION_EXCEPTION);
        fault_deliver(self, &fault);
    } else {
        trap_interrupt(vector);
    }
    env_run(self);
}

static struct panic_regs trap_panic_regs(const struct kernel_frame *frame)
{
    bool from_user = (frame->cs & 3u) != 0;

    return (struct panic_regs){
        .vector = frame->vector,
        .error = frame->error,
        .eax = frame->eax,
        .ebx = frame->ebx,
        .ecx = frame->ecx,
        .edx = frame->edx,
        .esi = frame->esi,
        .edi = frame->edi,
        .ebp = frame->ebp,
        .eip = frame->eip,
        .cs = frame->cs,
        .eflags = frame->eflags,
        .esp = from_user ? frame->user_esp : (uint32_t)(uintptr_t)&frame->user_esp,
        .ss = from_user ? frame->user_ss : SEL_KERNEL_DATA,
    };
}

/* User code had TF set when it executed SYSENTER, which leaves it on (SDM 2B, SYSENTER). */
static bool trap_is_stepped_entry(const struct kernel_frame *frame)
{
    return frame->vector == VECTOR_DEBUG && frame->eip == (uint32_t)(uintptr_t)sysenter_entry;
}

REGPARM void trap_kernel(struct kernel_frame *frame)
{
    struct panic_regs regs;

    if (frame->vector >= VECTOR_EXCEPTIONS) {
        /* Only in sched_irq_window and in halt are interrupts on. */
        kernel_enter();
        sched_leave_idle();
        trap_interrupt(frame->vector);
        kernel_exit();
        return;
    }
    if (trap_is_stepped_entry(frame)) {
        frame->eflags &= ~EFLAGS_TF;
        return;
    }
    regs = trap_panic_regs(frame);
    if (frame->vector == VECTOR_NMI) {
        panic_nmi(&regs);
        return;
    }
    if (frame->vector == VECTOR_PAGE_FAULT)
        panic_trap(&regs, "page fault in the kernel at %08x", cpu_read_cr2());
    panic_trap(&regs, "exception %u in the kernel", frame->vector);
}

/* Entered by task switch with a stack of its own; the interrupted state is in this CPU's TSS. */
void double_fault_task(void)
{
    const struct x86_tss *tss = &this_cpu()->arch.tss;
    const struct panic_regs regs = {
        .vector = VECTOR_DOUBLE_FAULT,
        .eax = tss->eax,
        .ebx = tss->ebx,
        .ecx = tss->ecx,
        .edx = tss->edx,
        .esi = tss->esi,
        .edi = tss->edi,
        .ebp = tss->ebp,
        .eip = tss->eip,
        .cs = tss->cs,
        .eflags = tss->eflags,
        .esp = tss->esp,
        .ss = tss->ss,
    };

    if (tss->esp - (KSTACK_BASE - PAGE_SIZE) < PAGE_SIZE + 64)
        panic_trap(&regs, "double fault: kernel stack overflow, esp %08x", tss->esp);
    panic_trap(&regs, "double fault, esp %08x cr2 %08x", tss->esp, cpu_read_cr2());
}
