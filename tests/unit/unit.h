/* What a host unit test is written with: one program per area, TAP on its output.
 *
 *     static void ring_is_empty_at_first(void) { CHECK(ring_count(&r) == 0); }
 *     int main(void) { UNIT_RUN(ring_is_empty_at_first); return unit_done(); }
 *
 * A fact is a function named area_what; its name is its id. It fails if any CHECK in it does; those
 * after a failed one still run. unit_random is the same sequence in every run.
 */
#ifndef GRAIN_TESTS_UNIT_H
#define GRAIN_TESTS_UNIT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
    unsigned int facts;
    unsigned int failed;
    bool failing; /* the fact that runs */
    uint64_t random;
} unit = {.random = 0x9e3779b97f4a7c15u};

#define UNIT_RUN(fact) unit_run(#fact, fact)

#define CHECK(condition)                               \
    do {                                               \
        if (!(condition))                              \
            unit_fail(__FILE__, __LINE__, #condition); \
    } while (0)

#define CHECK_INT(got, want) \
    unit_check_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))

#define CHECK_STR(got, want) unit_check_str(__FILE__, __LINE__, #got, (got), (want))

static inline void unit_fail(const char *file, int line, const char *what)
{
    unit.failing = true;
    printf("# %s:%d: %s\n", file, line, what);
}

static inline void unit_check_int(const char *file, int line, const char *what, int64_t got,
                                  int64_t want)
{
    if (got == want)
        return;
    unit_fail(file, line, what);
    printf("#   got %" PRId64 " (%#" PRIx64 "), want %" PRId64 " (%#" PRIx64 ")\n", got,
           (uint64_t)got, want, (uint64_t)want);
}

static inline void unit_check_str(const char *file, int line, const char *what, const char *got,
                                  const char *want)
{
    if (strcmp(got, want) == 0)
        return;
    unit_fail(file, line, what);
    printf("#   got  \"%s\"\n#   want \"%s\"\n", got, want);
}

static inline void unit_run(const char *name, void (*fact)(void))
{
    unit.failing = false;
    fact();
    unit.facts++;
    if (unit.failing)
        unit.failed++;
    printf("%sok %u - %s\n", unit.failing ? "not " : "", unit.facts, name);
    fflush(stdout);
}

/* A fact that cannot be shown on this host. */
static inline void unit_skip(const char *name, const char *why)
{
    unit.facts++;
    printf("ok %u - %s # SKIP %s\n", unit.facts, name, why);
}

/* The plan; returns the program's exit status. */
static inline int unit_done(void)
{
    printf("1..%u\n", unit.facts);
    return unit.failed == 0 ? 0 : 1;
}

/* Uniform enough in [0, bound); bound is not 0. */
static inline uint32_t unit_random(uint32_t bound)
{
    unit.random ^= unit.random << 13;
    unit.random ^= unit.random >> 7;
    unit.random ^= unit.random << 17;
    return (uint32_t)(unit.random >> 32) % bound;
}

#endif
