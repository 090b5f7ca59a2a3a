/* The check as a whole: stopping, running the parts, telling what they found. See check.h. */
#include "kernel/check/check.h"

#include <stdarg.h>

#include "abi/errors.h"
#include "kernel/check/parts.h"
#include "kernel/check/stop.h"
#include "kernel/format.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define CHECK_LINES 16u /* violations told of one check; the rest is counted */

/* Written by the CPU that has stopped the others. */
static uint32_t violations;
static char first_text[CHECK_TEXT_MAX];

static bool check_panics; /* immutable after start-up */

void check_set_panic(bool panics)
{
    check_panics = panics;
}

void check_fail(const char *fmt, ...)
{
    char text[CHECK_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    format_text_va(text, sizeof(text), fmt, args);
    va_end(args);
    if (violations == 0)
        strlcpy(first_text, text, sizeof(first_text));
    if (violations < CHECK_LINES)
        log_error("check: %s", text);
    violations++;
}

const char *check_first(void)
{
    return first_text;
}

uint32_t check_all(void)
{
    violations = 0;
    first_text[0] = 0;
    check_locks();
    check_queues();
    check_envs();
    check_spaces();
    check_frames();
    check_cpus();
    return violations;
}

int32_t check_system(void)
{
    int32_t result;

    kernel_exit();
    if (stop_others()) {
        result = (int32_t)check_all();
        if (result != 0 && check_panics)
            panic("check: %d violations, the first: %s", result, check_first());
        stop_release();
    } else {
        result = -E_TIMEOUT;
    }
    kernel_enter();
    return result;
}
