/* What init says about programs, for people and, with the boot word init.test, as TAP lines. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "grain/debug.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "servers/init/init.h"
#include "servers/init/words.h"

/* CPUs free what a dead env had in their own time, so a difference counts once it has stayed. */
#define SETTLE_TRIES 50u
#define SETTLE_US    10000u

#define VECTOR_PAGE_FAULT 14u

static bool tap;
static bool failed;

void report_init(void)
{
    tap = words_have("init.test");
}

bool report_failed(void)
{
    return failed;
}

struct report_usage report_usage_now(void)
{
    struct kernel_counters counters = {.envs = 0};

    kernel_info(&counters);
    return (struct report_usage){
        .frames = (int32_t)(counters.total_frames - counters.free_frames),
        .envs = (int32_t)counters.envs,
    };
}

void report_not_started(const struct program *program, int error)
{
    const char *reason = program->reason != NULL ? program->reason : grain_strerror(error);

    failed = true;
    printf("init: %s cannot be run: %s\n", program->name, reason);
    if (tap)
        printf("not ok - %s.exit: %s\n", program->name, reason);
}

/* Intel SDM volume 3, table 6-1. */
static const char *fault_name(uint32_t vector)
{
    static const char *const names[] = {
        [0] = "divide error",
        [1] = "debug exception",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range exceeded",
        [6] = "invalid opcode",
        [7] = "device not available",
        [11] = "segment not present",
        [12] = "stack fault",
        [13] = "general protection",
        [VECTOR_PAGE_FAULT] = "page fault",
        [16] = "floating-point error",
        [17] = "alignment check",
    };
    bool known = vector < sizeof(names) / sizeof(names[0]) && names[vector] != NULL;

    return known ? names[vector] : "unknown fault";
}

static void describe_fault(const struct env_death *death, char *text, size_t size)
{
    if (death->vector == VECTOR_PAGE_FAULT)
        snprintf(text, size, "page fault at 0x%08x eip 0x%08x", death->address, death->eip);
    else
        snprintf(text, size, "%s (vector %u, error 0x%x) eip 0x%08x", fault_name(death->vector),
                 death->vector, death->error, death->eip);
}

void report_describe(const struct env_death *death, char *text, size_t size)
{
    int len = snprintf(text, size, "died: ");

    if (death->cause == ENV_FAULTED)
        describe_fault(death, text + len, size - (size_t)len);
    else
        snprintf(text, size, "%s with status %d",
                 death->cause == ENV_EXITED ? "exited" : "was killed", (int)death->status);
}

/* The two lines about a program's end. */
static void report_end(const struct program *program, bool good, const char *text,
                       const char *detail)
{
    failed = failed || !good;
    printf("init: %s %s\n", program->name, text);
    if (tap && good)
        printf("ok - %s.exit\n", program->name);
    else if (tap)
        printf("not ok - %s.exit: %s\n", program->name, detail);
}

void report_death(const struct program *program, const struct env_death *death)
{
    char text[96];
    bool faulted = death->cause == ENV_FAULTED;
    int verb = snprintf(text, sizeof(text), faulted ? "died: " : "exited with ");

    if (faulted)
        describe_fault(death, text + verb, sizeof(text) - (size_t)verb);
    else
        snprintf(text + verb, sizeof(text) - (size_t)verb, "status %d", (int)death->status);
    report_end(program, !faulted && death->status == 0, text, text + verb);
}

void report_status(const struct program *program, uint32_t status)
{
    char text[96];

    int verb = WIFFAULTED(status) ? snprintf(text, sizeof(text), "died: ") : 0;

    wait_describe((int)status, text + verb, sizeof(text) - (size_t)verb);
    report_end(program, status == 0, text, text);
}

static struct report_usage difference(const struct report_usage *before)
{
    program_reap_orphans(false);
    struct report_usage now = report_usage_now();

    return (struct report_usage){now.frames - before->frames, now.envs - before->envs};
}

/* The difference to `before`, after it has had time to vanish. */
static struct report_usage settled_difference(const struct report_usage *before)
{
    struct report_usage found = difference(before);

    for (uint32_t i = 0; i < SETTLE_TRIES && (found.frames != 0 || found.envs != 0); i++) {
        sleep_us(SETTLE_US);
        found = difference(before);
    }
    return found;
}

void report_leak(const struct program *program, const struct report_usage *before)
{
    struct report_usage leak = settled_difference(before);
    bool good = leak.frames == 0 && leak.envs == 0;

    failed = failed || !good;
    if (!good)
        printf("init: %s leaked %d frames, %d envs\n", program->name, (int)leak.frames,
               (int)leak.envs);
    if (tap && good)
        printf("ok - %s.leak\n", program->name);
    else if (tap)
        printf("not ok - %s.leak: %d frames, %d envs\n", program->name, (int)leak.frames,
               (int)leak.envs);
}

void report_invariants(const struct program *program)
{
    struct debug_report report = {.first = ""};
    int result = tap ? debug_check(&report) : -E_NO_SYS;

    if (result == -E_NO_SYS) /* a kernel without tests */
        return;
    failed = failed || result != 0;
    if (result == 0)
        printf("ok - %s.invariants\n", program->name);
    else
        printf("not ok - %s.invariants: %s, %u: %s\n", program->name, grain_errname(result),
               report.violations, report.first);
}

void report_check(const char *id, bool good, const char *detail)
{
    failed = failed || !good;
    if (tap && good)
        printf("ok - %s\n", id);
    else if (tap)
        printf("not ok - %s: %s\n", id, detail);
    else if (!good)
        printf("init: %s failed: %s\n", id, detail);
}
