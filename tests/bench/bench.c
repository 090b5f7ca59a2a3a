/* The measuring loop, see bench.h. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "tests/bench/emit.h"

#define BOOT_WORD "init.bench."

volatile uint32_t bench_began[2];
volatile uint32_t bench_ended[2];

static volatile bool failed; /* bench_require() of the running case */
static uint64_t clock_cost;  /* of an empty sample */
static uint64_t samples[BENCH_REPS_MAX];

void bench_require(bool condition)
{
    if (!condition)
        failed = true;
}

static uint64_t raw_ticks(void)
{
    uint64_t began = (uint64_t)bench_began[1] << 32 | bench_began[0];
    uint64_t ended = (uint64_t)bench_ended[1] << 32 | bench_ended[0];

    return ended - began;
}

uint64_t bench_ticks(void)
{
    uint64_t raw = raw_ticks();

    return raw > clock_cost ? raw - clock_cost : 0;
}

/* Without the marks: it is not what a profile is to show. */
static void empty_sample(void)
{
    BENCH_READ_CLOCK(bench_began, "");
    BENCH_READ_CLOCK(bench_ended, "");
}

/* The least of many: what disturbs a sample makes it longer. */
static void measure_clock(void)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t i = 0; i < BENCH_REPS; i++) {
        empty_sample();
        best = raw_ticks() < best ? raw_ticks() : best;
    }
    clock_cost = best;
}

/* What follows "name=" in a word; NULL: it is another word. */
static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* An argument "name=VALUE", or a word "init.bench.name=VALUE" on the kernel's command line, which has more room.
 * The value ends at a blank. */
static const char *option_text(int argc, char **argv, const char *name)
{
    const char *value = NULL;

    for (int i = 1; i < argc && value == NULL; i++)
        value = value_of(argv[i], name);
    for (const char *at = sysinfo()->cmdline; value == NULL && *at != 0; at += strspn(at, " ")) {
        if (strncmp(at, BOOT_WORD, strlen(BOOT_WORD)) == 0)
            value = value_of(at + strlen(BOOT_WORD), name);
        at += strcspn(at, " ");
    }
    return value;
}

uint32_t bench_option(int argc, char **argv, const char *name, uint32_t otherwise)
{
    const char *text = option_text(argc, argv, name);

    return text == NULL ? otherwise : strtoul(text, NULL, 0);
}

/* Whether `name` is one of the names in `list`, commas between them. The list ends at a blank. */
static bool is_listed(const char *name, const char *list)
{
    size_t len = strlen(name);

    for (const char *at = list; *at != 0 && *at != ' '; at += strspn(at, ",")) {
        size_t word = strcspn(at, ", ");

        if (word == len && strncmp(at, name, len) == 0)
            return true;
        at += word;
    }
    return false;
}

bool bench_is_chosen(int argc, char **argv, const char *name)
{
    const char *only = option_text(argc, argv, "only");

    return only == NULL || is_listed(name, only);
}

_Noreturn void bench_fail(const char *why)
{
    printf("%s: %s\n", program_name, why);
    exit(1);
}

static void emit_result(const struct bench_case *c, uint32_t count)
{
    emit_begin();
    emit_text("bench", c->name);
    emit_number("cpus", sysinfo()->ncpus);
    emit_number("ops", c->ops == 0 ? 1 : c->ops);
    emit_number("clock", clock_cost);
    emit_list("ticks", samples, count);
    emit_end();
}

static bool run_case(const struct bench_case *c, uint32_t reps, uint32_t warm)
{
    if (c->reps != 0 && reps > c->reps)
        reps = c->reps;
    if (c->cpus > sysinfo()->ncpus)
        return true;
    failed = false;
    if (c->setup != NULL && !c->setup()) {
        printf("%s could not be set up\n", c->name);
        return false;
    }
    for (uint32_t i = 0; i < warm; i++)
        c->sample();
    for (uint32_t i = 0; i < reps; i++) {
        c->sample();
        samples[i] = bench_ticks();
    }
    if (c->teardown != NULL)
        c->teardown();
    if (failed)
        printf("%s: an operation failed\n", c->name);
    else
        emit_result(c, reps);
    return !failed;
}

int bench_main(int argc, char **argv, const struct bench_case *cases, uint32_t count)
{
    uint32_t reps = bench_option(argc, argv, "reps", BENCH_REPS);
    uint32_t warm = bench_option(argc, argv, "warm", BENCH_WARM);
    bool good = bench_pin(0, 0);

    if (reps > BENCH_REPS_MAX)
        reps = BENCH_REPS_MAX;
    measure_clock();
    for (uint32_t i = 0; i < count; i++) {
        if (bench_is_chosen(argc, argv, cases[i].name))
            good = run_case(&cases[i], reps, warm) && good;
    }
    return good ? 0 : 1;
}

/* ---- Others to measure with. ---- */

bool bench_pin(envid_t env, uint32_t cpu)
{
    return env_set_sched(env, SCHED_PRIO_DEFAULT, cpu) == 0;
}

envid_t bench_child(uint32_t cpu, int (*fn)(void *arg), void *arg)
{
    envid_t child = dumbfork();

    if (child == 0)
        exit(bench_pin(0, cpu) ? fn(arg) : 1);
    return child;
}

envid_t bench_thread(uint32_t cpu, int (*fn)(void *arg), void *arg)
{
    envid_t thread = thread_prepare(fn, arg);

    if (thread < 0)
        return thread;
    if (bench_pin(thread, cpu) && env_start(thread) == 0)
        return thread;
    thread_kill(thread);
    return -1;
}

void bench_stop(envid_t id)
{
    if (id > 0)
        process_kill(id);
}
