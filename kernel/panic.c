/* The end of the kernel, see panic.h.
 *
 * One CPU owns a panic: the first whose compare-and-exchange of panic_owner succeeds. The others
 * report when panic_turn names them, so that only one writes at a time, and confirm in
 * panic_reported. The owner waits for each with a bound: a CPU may be stuck with NMIs blocked.
 */
#include "kernel/panic.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "kernel/arch.h"
#include "kernel/format.h"
#include "kernel/lock/lock.h"
#include "kernel/log.h"
#include "kernel/races/races.h"

#define OWNER_NONE    UINT32_MAX
#define OWNER_UNKNOWN (UINT32_MAX - 1) /* a CPU without an index */
#define TURN_NONE     UINT32_MAX

/* A report is a dozen lines on a slow UART; after that the next CPU has its turn. */
#define REPORT_WAIT_US 300000u
#define REPORT_LOOK_US 20u

/* How long a CPU waits for its turn before it gives up: the owner may have died on the way. */
#define TURN_WAIT_US (GRAIN_MAX_CPUS * REPORT_WAIT_US)

static atomic_uint panic_owner = OWNER_NONE;
static atomic_uint panic_turn = TURN_NONE;
static atomic_bool panic_reported[GRAIN_MAX_CPUS];
static _Atomic(enum panic_action) panic_action = PANIC_EXIT;

static bool panic_nested; /* owner only */

static _Noreturn void panic_end(void)
{
    if (atomic_load_explicit(&panic_action, memory_order_relaxed) == PANIC_EXIT)
        arch_emulator_exit(ARCH_EXIT_PANIC);
    arch_halt_forever();
}

/* The message's one line. first: of the panic that counts. */
static void print_message(uint32_t me, bool first, const char *fmt, va_list args)
{
    char text[LOG_LINE_MAX - 40];
    const char *head = first ? "grain: panic:" : "grain: another panic:";

    format_text_va(text, sizeof(text), fmt, args);
    if (me < GRAIN_MAX_CPUS)
        log_plain("%s cpu%u: %s", head, me, text);
    else
        log_plain("%s cpu?: %s", head, text);
}

/* Returns for the one CPU whose panic it is. Another CPU adds its line and waits for the NMI that
 * asks it for its report. A panic inside the owner's panic says one line and ends; one inside that
 * ends without a word, as the output itself may be what fails. */
static void panic_begin(const char *fmt, va_list args)
{
    uint32_t index = arch_cpu_index();
    uint32_t me = index == ARCH_CPU_UNKNOWN ? OWNER_UNKNOWN : index;
    uint32_t owner = OWNER_NONE;

    arch_irq_off();
    bool first = atomic_compare_exchange_strong(&panic_owner, &owner, me);
    if (owner == me) {
        if (panic_nested)
            panic_end();
        panic_nested = true;
    }
    log_break();
    races_stop();
    print_message(me, first, fmt, args);
    if (first)
        return;
    if (owner == me)
        panic_end();
    arch_halt_forever();
}

static void wait_for_report(uint32_t index)
{
    /* Release and acquire: who sees its turn sees all that was printed as printed. */
    atomic_store_explicit(&panic_turn, index, memory_order_release);
    for (uint32_t us = 0; us < REPORT_WAIT_US; us += REPORT_LOOK_US) {
        if (atomic_load_explicit(&panic_reported[index], memory_order_acquire))
            return;
        arch_delay_us(REPORT_LOOK_US);
    }
    log_plain("cpu%u: no answer", index);
}

static _Noreturn void panic_finish(void)
{
    uint32_t me = arch_cpu_index();

    if (arch_cpu_ready())
        lock_print_held();
    arch_nmi_others();
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++) {
        if (i != me && arch_cpu_started(i))
            wait_for_report(i);
    }
    panic_end();
}

_Noreturn void panic_at(const char *file, uint32_t line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    panic_begin(fmt, args);
    va_end(args);
    log_plain("  at %s:%u", file, line);
    arch_backtrace_here();
    panic_finish();
}

_Noreturn void panic_trap(const struct panic_regs *regs, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    panic_begin(fmt, args);
    va_end(args);
    arch_backtrace_regs(regs);
    panic_finish();
}

static bool wait_for_turn(uint32_t me)
{
    for (uint32_t us = 0; us < TURN_WAIT_US; us += REPORT_LOOK_US) {
        if (atomic_load_explicit(&panic_turn, memory_order_acquire) == me)
            return true;
        arch_delay_us(REPORT_LOOK_US);
    }
    return false;
}

void panic_nmi(const struct panic_regs *regs)
{
    uint32_t me = arch_cpu_index();
    uint32_t owner = atomic_load_explicit(&panic_owner, memory_order_relaxed);

    if (owner == OWNER_NONE || owner == me)
        return;
    if (me < GRAIN_MAX_CPUS && wait_for_turn(me)) {
        log_plain("cpu%u:", me);
        arch_backtrace_regs(regs);
        if (arch_cpu_ready())
            lock_print_held();
        atomic_store_explicit(&panic_reported[me], true, memory_order_release);
    }
    arch_halt_forever();
}

void panic_set_action(enum panic_action action)
{
    atomic_store_explicit(&panic_action, action, memory_order_relaxed);
}
