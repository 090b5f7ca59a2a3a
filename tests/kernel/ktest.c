/* Choosing and running a test, and what it reports; see ktest.h and kernel/ktest.h. */
#include "tests/kernel/ktest.h"

#include <stdarg.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/format.h"
#include "kernel/ktest.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"

static const struct ktest {
    const char *name;
    void (*run)(void);
} tests[] = {
#define X(test_name, function) {.name = (test_name), .run = (function)},
    KTEST_LIST(X)
#undef X
};

/* Written by the BSP before the other CPUs run. */
static const struct ktest *selected[8];
static uint32_t selected_count;

static bool failed; /* CPU 0 */

static const struct ktest *find(const char *name, size_t len)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(tests); i++) {
        if (strlen(tests[i].name) == len && strncmp(tests[i].name, name, len) == 0)
            return &tests[i];
    }
    return NULL;
}

bool ktest_select(const char *names)
{
    while (selected_count < ARRAY_SIZE(selected)) {
        size_t len = 0;

        while (names[len] != 0 && names[len] != ',')
            len++;
        selected[selected_count] = find(names, len);
        if (selected[selected_count] == NULL)
            break;
        selected_count++;
        if (names[len] == 0)
            return true;
        names += len + 1;
    }
    selected_count = 0;
    return false;
}

static _Noreturn void ktest_end(void)
{
    log_plain("grain: halt code %d", failed ? 1 : 0);
    arch_emulator_exit(failed ? ARCH_EXIT_FAILURE : ARCH_EXIT_SUCCESS);
    arch_halt_forever();
}

void ktest_enter(void)
{
    if (selected_count == 0)
        return;
    if (cpu_id() != 0)
        gang_serve();
    for (uint32_t i = 0; i < selected_count; i++) {
        log_info("ktest: %s", selected[i]->name);
        selected[i]->run();
    }
    ktest_end();
}

void ktest_fact(const char *id, bool good, const char *fmt, ...)
{
    char text[128];
    va_list args;

    if (good) {
        log_plain("ok - kernel_%s", id);
        return;
    }
    va_start(args, fmt);
    format_text_va(text, sizeof(text), fmt, args);
    va_end(args);
    log_plain("not ok - kernel_%s: %s", id, text);
    failed = true;
}

const char *ktest_id(char *text, uint32_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format_text_va(text, size, fmt, args);
    va_end(args);
    return text;
}

void ktest_skip(const char *id, const char *why)
{
    log_plain("skip - kernel_%s: %s", id, why);
}

uint32_t ktest_random(uint32_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % bound;
}

void ktest_check_hang(uint64_t since, const char *what)
{
    if (arch_time_us() - since > KTEST_HANG_US)
        panic("ktest: %s: hang", what);
}
