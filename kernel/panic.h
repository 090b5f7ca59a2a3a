/* The end of the kernel: panic() and ASSERT().
 *
 * The first line is "grain: panic: cpuN: message"; place, registers, call chain and held locks
 * follow, then the call chain of each other CPU, fetched with an NMI and waited for with a bound.
 * In the end an emulator that has an exit port ends, see panic_set_action. No lock is relied on.
 *
 * An ASSERT is for a bug of the kernel; what comes from user space never reaches one.
 */
#ifndef GRAIN_KERNEL_PANIC_H
#define GRAIN_KERNEL_PANIC_H

#include <stdint.h>

enum panic_action {
    PANIC_EXIT, /* end the emulator if there is one, else halt */
    PANIC_HALT, /* halt with the machine as it is, for a debugger */
};

/* What the CPU was doing, from an exception or NMI; defined by the architecture. */
struct panic_regs;

#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

_Noreturn void panic_at(const char *file, uint32_t line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

/* For an exception in the kernel: prints the registers, and the call chain of where it happened. */
_Noreturn void panic_trap(const struct panic_regs *regs, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), cold));

/* The NMI handler calls this first. During a panic of another CPU it reports and does not return;
 * otherwise the NMI was not for us, and it returns. */
void panic_nmi(const struct panic_regs *regs);

/* Boot option; PANIC_EXIT until it is called. */
void panic_set_action(enum panic_action action);

#if GRAIN_ASSERTS
#define ASSERT(condition)                                                     \
    do {                                                                      \
        if (__builtin_expect(!(condition), 0))                                \
            panic_at(__FILE__, __LINE__, "assertion failed: %s", #condition); \
    } while (0)
#else
#define ASSERT(condition) ((void)sizeof(!(condition)))
#endif

#endif
