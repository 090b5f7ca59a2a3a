/* What must end in a panic because the processor refuses it. Each returns only if it did not. */
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/pte.h"
#include "tests/kernel/ktest.h"

static void not_refused(const char *what)
{
    ktest_fact(what, false, "the processor did it");
}

static volatile uintptr_t nowhere; /* 0, but the compiler shall not see it */

NOINLINE void ktest_null(void)
{
    *(volatile uint32_t *)nowhere = 1;
    not_refused("null");
}

NOINLINE void ktest_write_text(void)
{
    *(volatile uint8_t *)(uintptr_t)ktest_write_text = 0x90;
    not_refused("write_text");
}

/* A return instruction in data. */
static uint8_t code_in_data[] = {0xc3};

NOINLINE void ktest_exec_data(void)
{
    void (*volatile function)(void) = (void (*)(void))(uintptr_t)code_in_data;

    function();
    not_refused("exec_data");
}

/* A page that user code reads, and the kernel does not where there is SMAP. */
NOINLINE void ktest_user_access(void)
{
    (void)*(volatile uint32_t *)(uintptr_t)SYSINFO_WINDOW;
    not_refused("user_access");
}

static volatile uint32_t deep_enough = UINT32_MAX;

static NOINLINE uint32_t recurse(uint32_t depth)
{
    volatile uint32_t frame[64] = {0};

    frame[depth % 64] = depth;
    if (depth == deep_enough)
        return 0;
    return recurse(depth + 1) + frame[(depth + 1) % 64];
}

NOINLINE void ktest_stack_overflow(void)
{
    (void)recurse(0);
    not_refused("stack_overflow");
}
