/* Helpers of test programs, see test.h. */
#include "tests/user/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"

#define STATUS_MAX 100u

static uint32_t failures;

int test_status(void)
{
    uint32_t count = __atomic_load_n(&failures, __ATOMIC_RELAXED);

    return (int)(count < STATUS_MAX ? count : STATUS_MAX);
}

bool test_report(bool good, const char *id, const char *fmt, ...)
{
    va_list args;

    if (good) {
        printf("ok - %s\n", id);
        return true;
    }
    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    printf("not ok - %s: ", id);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    return false;
}

void test_skip(const char *id, const char *why)
{
    printf("skip - %s: %s\n", id, why);
}

bool test_check_eq(uint64_t got, uint64_t right, const char *id, const struct test_place *place)
{
    return test_report(got == right, id, "%s:%d: %s is 0x%llx, not 0x%llx", place->file,
                       place->line, place->expression, (unsigned long long)got,
                       (unsigned long long)right);
}

bool test_check_ok(int result, const char *id, const struct test_place *place)
{
    return test_report(result >= 0, id, "%s:%d: %s: %s", place->file, place->line,
                       place->expression, grain_errname(result));
}

bool test_check_error(int result, int error, const char *id, const struct test_place *place)
{
    return test_report(result == -error, id, "%s:%d: %s returned %d (%s), not %s", place->file,
                       place->line, place->expression, result,
                       result < 0 ? grain_errname(result) : "no error", grain_errname(error));
}

envid_t test_child_start(test_fn *fn, void *arg)
{
    envid_t child = dumbfork();

    if (child != 0)
        return child;
    __atomic_store_n(&failures, 0, __ATOMIC_RELAXED);
    exit(fn(arg));
}

int test_child(test_fn *fn, void *arg, struct env_death *death)
{
    envid_t child = test_child_start(fn, arg);

    return child < 0 ? child : process_wait(child, death);
}

int test_pin(envid_t env, uint32_t cpu)
{
    return env_set_sched(env, SCHED_PRIO_DEFAULT, cpu);
}

static int start_pinned(envid_t thread, uint32_t cpu)
{
    int result = test_pin(thread, cpu);

    return result < 0 ? result : env_start(thread);
}

envid_t test_thread_start(uint32_t cpu, test_fn *fn, void *arg)
{
    envid_t thread = thread_prepare(fn, arg);

    if (thread < 0)
        return thread;
    int result = start_pinned(thread, cpu);
    if (result == 0)
        return thread;
    thread_kill(thread);
    return result;
}

void test_describe_death(const struct env_death *death, char *text, size_t size)
{
    if (death->cause == ENV_FAULTED)
        snprintf(text, size, "fault: vector %u error 0x%x address 0x%08x eip 0x%08x", death->vector,
                 death->error, death->address, death->eip);
    else
        snprintf(text, size, "%s with status %d",
                 death->cause == ENV_EXITED ? "exited" : "was killed", (int)death->status);
}

bool test_check_child(test_fn *fn, void *arg, const char *id)
{
    struct env_death death;
    char text[80];
    int result = test_child(fn, arg, &death);

    if (result < 0)
        return test_report(false, id, "no child: %s", grain_errname(result));
    test_describe_death(&death, text, sizeof(text));
    return test_report(death.cause == ENV_EXITED && death.status == 0, id, "the child %s", text);
}

bool test_check_fault(test_fn *fn, void *arg, uint32_t vector, uintptr_t va, const char *id)
{
    struct env_death death;
    char text[80];
    int result = test_child(fn, arg, &death);

    if (result < 0)
        return test_report(false, id, "no child: %s", grain_errname(result));
    test_describe_death(&death, text, sizeof(text));
    return test_report(death.cause == ENV_FAULTED && death.vector == vector && death.address == va,
                       id, "the child: %s; expected vector %u address 0x%08x", text, vector, va);
}

uint32_t test_cpus(void)
{
    return sysinfo()->ncpus;
}

uint32_t test_option(int argc, char **argv, const char *name, uint32_t otherwise)
{
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return strtoul(argv[i] + len + 1, NULL, 0);
    }
    return otherwise;
}

bool test_wait_status(envid_t env, uint32_t status)
{
    const struct env_public *record = env_record(env);

    for (uint32_t i = 0; i < TEST_PATIENCE_MS; i++) {
        if (record->id == env && record->status == status)
            return true;
        sleep_us(1000);
    }
    return false;
}

bool test_counts_settle(const struct kernel_counters *before)
{
    struct kernel_counters now;

    for (uint32_t i = 0; i < TEST_PATIENCE_MS; i++) {
        kernel_info(&now);
        if (now.free_frames == before->free_frames && now.envs == before->envs &&
            now.aspaces == before->aspaces)
            return true;
        sleep_us(1000);
    }
    printf("# free frames %u, were %u; envs %u, were %u; spaces %u, were %u\n", now.free_frames,
           before->free_frames, now.envs, before->envs, now.aspaces, before->aspaces);
    return false;
}

uint32_t test_end_controlled(void)
{
    uint32_t found = 0;

    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->controller == env_self() && record->status != ENV_FREE) {
            process_kill(record->id);
            found++;
        }
    }
    return found;
}
