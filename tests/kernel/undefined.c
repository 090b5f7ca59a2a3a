/* Undefined behaviour that kernels of the kind `undefined` must find. Each returns only if it was not found. */
#include <limits.h>

#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

/* The compiler does not know what they are. */
static volatile int one = 1;
static volatile int large = INT_MAX;
static volatile uint32_t width = 32;

static const uint32_t few[4] = {1, 2, 3, 4};

static void not_found(const char *id, uint32_t result)
{
    ktest_fact(id, false, "nothing was found, the result is %x", result);
}

NOINLINE void ktest_undefined_add(void)
{
    not_found("undefined_add", (uint32_t)(large + one));
}

NOINLINE void ktest_undefined_index(void)
{
    not_found("undefined_index", few[width / 8]);
}

NOINLINE void ktest_undefined_shift(void)
{
    not_found("undefined_shift", 1u << width);
}
