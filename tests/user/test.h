/* Test programs in the emulator: how they say what they found, and ways to run a function elsewhere.
 *
 * A test program is a main() that checks facts, one line of output each, and ends with their verdict:
 *
 *     int main(void)
 *     {
 *         CHECK_EQ(null_call(), 0, "syscall_null");
 *         CHECK_ERROR(env_start(0x7ffff000), E_BAD_ENV, "env_start_bad_id");
 *         return test_status();
 *     }
 *
 * Ids are stable and unique in the whole suite: area_what. A fact that is looked at many times is
 * one line: gather the verdict in a bool, then CHECK it. The checks are expressions whose value is
 * the verdict, for what makes no sense after a failure: `if (!CHECK_OK(...)) return test_status();`
 *
 * A check in a forked child counts there: let the child's function return test_status(), and the
 * parent check its end (CHECK_CHILD). Threads share the count.
 */
#ifndef TESTS_USER_TEST_H
#define TESTS_USER_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/sysinfo.h"
#include "grain/compiler.h"

/* How long to wait for what has to come: a hang detector. */
#define TEST_PATIENCE_MS 30000u
#define TEST_PATIENCE_US 30000000u

/* ---- Verdicts ---- */

#define TEST_OK(id)        test_report(true, (id), " ")
#define TEST_FAIL(id, ...) test_report(false, (id), __VA_ARGS__)
/* The machine lacks what the test needs (a second CPU); no failure. */
#define TEST_SKIP(id, why) test_skip((id), (why))

/* The condition holds. */
#define CHECK(condition, id) \
    test_report((condition), (id), "%s:%d: %s", __FILE__, __LINE__, #condition)

/* Two integers or pointers are equal: the value that was got, then the one that is right. */
#define CHECK_EQ(got, right, id) \
    test_check_eq(TEST_VALUE(got), TEST_VALUE(right), (id), TEST_PLACE(#got))

/* A call returned no error, or the one named (without its sign). */
#define CHECK_OK(call, id)           test_check_ok((call), (id), TEST_PLACE(#call))
#define CHECK_ERROR(call, error, id) test_check_error((call), (error), (id), TEST_PLACE(#call))

/* fn(arg) in a child address space ends with status 0; or faults as told (vector 14 at address). */
#define CHECK_CHILD(fn, arg, id)             test_check_child((fn), (arg), (id))
#define CHECK_FAULT(fn, arg, vector, va, id) test_check_fault((fn), (arg), (vector), (va), (id))

/* What a program ends with: the number of checks that failed in this address space, 100 at most. */
int test_status(void);

/* ---- Elsewhere: fn(arg) runs, and its result is the status it ends with. ---- */

typedef int test_fn(void *arg);

/* In a copy of the address space (dumbfork). Returns the child's id; it may be waited for with
 * process_wait. */
MUST_CHECK envid_t test_child_start(test_fn *fn, void *arg);

/* The same and waits for its end; *death says how it was. Returns 0 or a negated error. */
MUST_CHECK int test_child(test_fn *fn, void *arg, struct env_death *death);

/* In a thread of one's own, pinned to a CPU (SCHED_ANY_CPU: not pinned); to join with thread_join.
 * In a child, call test_pin first. */
MUST_CHECK envid_t test_thread_start(uint32_t cpu, test_fn *fn, void *arg);

/* Pins an env (0: oneself) to a CPU. Returns 0 or a negated error. */
MUST_CHECK int test_pin(envid_t env, uint32_t cpu);

/* "exited with status 3", "page fault at ...". */
void test_describe_death(const struct env_death *death, char *text, size_t size);

/* ---- Other help ---- */

uint32_t test_cpus(void);

/* The number N of an argument "name=N", or the default. */
uint32_t test_option(int argc, char **argv, const char *name, uint32_t otherwise);

/* Waits until env has that public status (abi/env.h), half a minute at most. For "it is blocked now":
 * ENV_NOT_RUNNABLE. Returns false when the time is over. */
MUST_CHECK bool test_wait_status(envid_t env, uint32_t status);

/* Waits until as many frames are free, and as many envs and address spaces exist, as when *before was
 * read (kernel_info): what died is freed in steps, and on other CPUs. False, and a line that says what
 * is missing, when that takes too long. */
MUST_CHECK bool test_counts_settle(const struct kernel_counters *before);

/* Ends every env that the caller controls; returns how many. What they controlled is the caller's then: until
 * there are none. */
uint32_t test_end_controlled(void);

/* ---- Behind the macros ---- */

struct test_place {
    const char *expression;
    const char *file;
    int line;
};

#define TEST_PLACE(expression) (&(const struct test_place){(expression), __FILE__, __LINE__})
/* int and unsigned of the same bits are equal: a result may be an id or an address. */
/* clang-format off */
#define TEST_VALUE(x)                 \
    _Generic((x),                     \
        int64_t: (uint64_t)(x),       \
        uint64_t: (uint64_t)(x),      \
        default: (uint64_t)(uint32_t)(uintptr_t)(x))
/* clang-format on */

bool test_report(bool good, const char *id, const char *fmt, ...) PRINTF_LIKE(3, 4);
void test_skip(const char *id, const char *why);
bool test_check_eq(uint64_t got, uint64_t right, const char *id, const struct test_place *place);
bool test_check_ok(int result, const char *id, const struct test_place *place);
bool test_check_error(int result, int error, const char *id, const struct test_place *place);
bool test_check_child(test_fn *fn, void *arg, const char *id);
bool test_check_fault(test_fn *fn, void *arg, uint32_t vector, uintptr_t va, const char *id);

#endif
