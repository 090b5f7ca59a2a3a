/* Tests that run inside the kernel, on all its CPUs, in place of user programs.
 *
 * A test runs on CPU 0 and has the other CPUs run functions with it (gang_run). Interrupts are off,
 * unless it turns them on; no env runs. It reports facts, one line each, and returns; or it provokes
 * a panic, and never does.
 */
#ifndef GRAIN_TESTS_KERNEL_KTEST_H
#define GRAIN_TESTS_KERNEL_KTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/lock/lock.h"

/* clang-format off */
#define KTEST_LIST(X)                                   \
    X("check",                ktest_check)              \
    X("frames",               ktest_frames)             \
    X("inbox",                ktest_inbox)              \
    X("lock",                 ktest_lock)               \
    X("lockstat",             ktest_lockstat)           \
    X("machine",              ktest_machine)            \
    X("paging",               ktest_paging)             \
    X("shootdown",            ktest_shootdown)          \
    X("timer",                ktest_timer)              \
    X("assert",               ktest_assert)             \
    X("exec-data",            ktest_exec_data)          \
    X("lockdep-class",        ktest_lockdep_class)      \
    X("lockdep-held-into-halt", ktest_lockdep_held_into_halt) \
    X("lockdep-held-to-user", ktest_lockdep_held_to_user) \
    X("lockdep-print-held",   ktest_lockdep_print_held) \
    X("lockdep-rank",         ktest_lockdep_rank)       \
    X("lockdep-twice",        ktest_lockdep_twice)      \
    X("null",                 ktest_null)               \
    X("panic",                ktest_panic)              \
    X("race",                 ktest_race)               \
    X("race-none",            ktest_race_none)          \
    X("race-silent",          ktest_race_silent)        \
    X("spin-panic",           ktest_spin_panic)         \
    X("spin-report",          ktest_spin_report)        \
    X("stack-overflow",       ktest_stack_overflow)     \
    X("undefined-add",        ktest_undefined_add)      \
    X("undefined-index",      ktest_undefined_index)    \
    X("undefined-shift",      ktest_undefined_shift)    \
    X("user-access",          ktest_user_access)        \
    X("write-text",           ktest_write_text)
/* clang-format on */

#define X(name, function) void function(void);
KTEST_LIST(X)
#undef X

/* How long a test waits for another CPU before it calls that a hang. */
#define KTEST_HANG_US 20000000u

/* How long what could go on for ever goes on; on few host CPUs a round may take long. */
#define KTEST_RUN_US 1000000u

/* "ok - kernel_id", or "not ok - kernel_id: " and what the rest says. */
void ktest_fact(const char *id, bool good, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* An id that is made up: formats it into `text` and returns that. */
const char *ktest_id(char *text, uint32_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void ktest_skip(const char *id, const char *why);

/* Every CPU, this one too, calls function(its index); returns when all have. Panics on a hang. */
void gang_run(void (*function)(uint32_t cpu));

/* For the functions that gang_run calls: nobody goes on before all have come so far. */
void gang_meet(void);

/* A lock of each algorithm, whatever the kernel is built with, and first of the kernel's own. One at a time:
 * all are of class env. `acquire` of the first enters the kernel, too. */
struct ktest_algorithm {
    const char *name;
    void (*acquire)(void);
    void (*release)(void);
    bool excludes;
    bool in_order; /* of arrival */
};
#define KTEST_ALGORITHMS (LOCK_ALGORITHMS + 1u)
extern const struct ktest_algorithm ktest_algorithms[KTEST_ALGORITHMS];

/* What the other CPUs do meanwhile; never returns. */
_Noreturn void gang_serve(void);

/* Pseudo-random, in [0, bound); each caller has his own state, not 0. */
uint32_t ktest_random(uint32_t *state, uint32_t bound);

/* Panics when `since` (arch_time_us) is too long ago. For every loop that waits. */
void ktest_check_hang(uint64_t since, const char *what);

#endif
