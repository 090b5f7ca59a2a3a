/* Registers of a panic, and call chains by frame pointer; see backtrace.h. */
#include "kernel/arch/x86/backtrace.h"

#include <stdbool.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/memlayout.h"
#include "kernel/ksyms.h"
#include "kernel/log.h"

#define FRAMES_MAX 32
#define CS_RPL     3u

#define OP_PUSH_EBP 0x55u
#define OP_RET      0xc3u

extern const char boot_stack[];
extern const char boot_stack_top[];
extern const char boot_pdpt[];

/* What a function with a frame pointer leaves at ebp. */
struct stack_frame {
    uint32_t caller_ebp;
    uint32_t return_address;
};

struct stack_range {
    uint32_t base;
    uint32_t top;
};

bool arch_cpu_ready(void)
{
    return cpu_read_cr3() != virt_to_phys(boot_pdpt);
}

/* The mapped kernel stack that holds ebp. The per-CPU ones exist only on the final page tables. */
static bool find_stack(uint32_t ebp, struct stack_range *range)
{
    const struct stack_range stacks[] = {
        {(uint32_t)(uintptr_t)boot_stack, (uint32_t)(uintptr_t)boot_stack_top},
        {KSTACK_BASE, KSTACK_TOP},
        {DFSTACK_BASE, DFSTACK_TOP},
    };
    uint32_t count = arch_cpu_ready() ? 3 : 1;

    for (uint32_t i = 0; i < count; i++) {
        if (ebp >= stacks[i].base && ebp < stacks[i].top) {
            *range = stacks[i];
            return true;
        }
    }
    return false;
}

static void print_frame(uint32_t address, bool is_return)
{
    char text[KSYMS_TEXT_MAX];

    log_plain("  %08x %s", address, ksyms_describe(address, is_return, text));
}

static void print_callers(uint32_t ebp)
{
    struct stack_range stack;

    if (!find_stack(ebp, &stack))
        return;
    for (int i = 0; i < FRAMES_MAX; i++) {
        if (ebp % 4 != 0 || ebp < stack.base || ebp > stack.top - sizeof(struct stack_frame))
            return;
        const struct stack_frame *frame = (const struct stack_frame *)(uintptr_t)ebp;
        if (frame->return_address == 0)
            return;
        print_frame(frame->return_address, true);
        if (frame->caller_ebp <= ebp)
            return;
        ebp = frame->caller_ebp;
    }
}

/* Interrupted before a function has made its frame (on its first instruction, or after the push of
 * ebp), or on its RET: the frame at ebp is then its caller's, and the caller only on the stack. */
static void print_caller_without_frame(const struct panic_regs *regs)
{
    uint32_t offset = ksyms_offset(regs->eip);
    const uint8_t *code = (const uint8_t *)(uintptr_t)regs->eip;
    uint32_t at = regs->esp;
    struct stack_range stack;

    if (offset == KSYMS_NO_TEXT || !find_stack(regs->esp, &stack))
        return;
    if (offset == 1 && code[-1] == OP_PUSH_EBP)
        at += sizeof(uint32_t);
    else if (offset != 0 && code[0] != OP_RET)
        return;
    if (at % 4 == 0 && at <= stack.top - sizeof(uint32_t))
        print_frame(*(const uint32_t *)(uintptr_t)at, true);
}

__attribute__((noinline)) void arch_backtrace_here(void)
{
    print_callers((uint32_t)(uintptr_t)__builtin_frame_address(0));
}

void arch_backtrace_regs(const struct panic_regs *regs)
{
    if (regs->vector != PANIC_VECTOR_NONE)
        log_plain("  vector %u error %#x cr2 %08x cr3 %08x", regs->vector, regs->error,
                  cpu_read_cr2(), cpu_read_cr3());
    log_plain("  eip %04x:%08x esp %04x:%08x eflags %08x", regs->cs, regs->eip, regs->ss, regs->esp,
              regs->eflags);
    log_plain("  eax %08x ebx %08x ecx %08x edx %08x", regs->eax, regs->ebx, regs->ecx, regs->edx);
    log_plain("  esi %08x edi %08x ebp %08x", regs->esi, regs->edi, regs->ebp);
    if (regs->cs & CS_RPL) {
        log_plain("  in user mode");
        return;
    }
    print_frame(regs->eip, false);
    print_caller_without_frame(regs);
    print_callers(regs->ebp);
}
