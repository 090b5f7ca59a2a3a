/* Measured programs: a list of cases, each sampled many times, one JSON object a line on COM2.
 *
 *     static void null_sample(void)
 *     {
 *         bench_begin();
 *         null_call();
 *         bench_end();
 *     }
 *     static const struct bench_case cases[] = {{.name = "null", .sample = null_sample}};
 *     int main(int argc, char **argv)
 *     {
 *         return bench_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
 *     }
 *
 * Arguments, or words on the kernel's command line behind "init.bench.": only=NAME[,NAME...] the cases to run
 * (default: all); reps=N samples of each (default BENCH_REPS); warm=N samples before those (BENCH_WARM).
 *
 * A sample lasts from one bench_begin() to the next bench_end(), wherever those are executed: also
 * in another thread. Their own cost, in an empty sample, is measured first and subtracted. Both are
 * a TSC read and two stores, and leave their addresses in the sections that `tools/grain profile`
 * reads: it traces what lies between.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "grain/compiler.h"

#define BENCH_REPS     20u
#define BENCH_REPS_MAX 1000u
#define BENCH_WARM     8u

struct bench_case {
    const char *name;
    uint32_t ops;        /* operations in one sample; 0: one */
    uint32_t cpus;       /* CPUs that it needs; 0: one */
    uint32_t reps;       /* samples at most, for what takes long; 0: no limit */
    bool (*setup)(void); /* NULL: nothing to do. false: it cannot be measured here */
    void (*sample)(void);
    void (*teardown)(void); /* NULL: nothing to do */
};

extern volatile uint32_t bench_began[2]; /* TSC, low word first */
extern volatile uint32_t bench_ended[2];

/* "i": the addresses are those of the arrays, so no register is needed before the TSC is read. */
#define BENCH_READ_CLOCK(where, mark)               \
    __asm__ volatile("1: rdtsc\n\t"                 \
                     "movl %%eax, %c0\n\t"          \
                     "movl %%edx, %c0 + 4\n\t" mark \
                     :                              \
                     : "i"(where)                   \
                     : "eax", "edx", "memory")
#define BENCH_MARK(section) ".pushsection " section ", \"\", @progbits\n\t.long 1b\n\t.popsection"

ALWAYS_INLINE void bench_begin(void)
{
    BENCH_READ_CLOCK(bench_began, BENCH_MARK(".bench_begin"));
}

ALWAYS_INLINE void bench_end(void)
{
    BENCH_READ_CLOCK(bench_ended, BENCH_MARK(".bench_end"));
}

/* Runs the cases that the arguments choose. Returns the program's status: 1 if one failed. */
int bench_main(int argc, char **argv, const struct bench_case *cases, uint32_t count);

/* Ticks of the last sample, without the cost of reading the clock. */
uint64_t bench_ticks(void);

/* What a sample relies on; if it ever does not hold, the case fails and has no result. For after bench_end(). */
void bench_require(bool condition);

/* Whether the arguments choose the case or workload of that name. */
bool bench_is_chosen(int argc, char **argv, const char *name);

/* Says why and ends the program: what was measured so far is out. */
_Noreturn void bench_fail(const char *why);

/* The number N of an argument or boot word "name=N", or the default. */
uint32_t bench_option(int argc, char **argv, const char *name, uint32_t otherwise);

/* Pins an env (0: oneself) to a CPU. Returns whether that worked. */
MUST_CHECK bool bench_pin(envid_t env, uint32_t cpu);

/* Starts fn(arg) in a copy of the address space, pinned to a CPU; what fn returns is never looked at.
 * Returns the copy's id, or a negated error. bench_stop() ends it. */
MUST_CHECK envid_t bench_child(uint32_t cpu, int (*fn)(void *arg), void *arg);
/* The same in a thread. */
MUST_CHECK envid_t bench_thread(uint32_t cpu, int (*fn)(void *arg), void *arg);
void bench_stop(envid_t id);

#endif
