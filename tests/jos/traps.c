/* What ends an env beside page faults: the processor's other exceptions, and memory that sys_cputs may not read. A child
 * for each; what the kernel says of it is in meson.build. */
#include "tests/jos/test.h"
#include <inc/x86.h>

#define WORDS (1024 * 1024)

extern char end[];

static uint32_t many[WORDS]; /* not initialised: no part of the file */
static int nought;
static const char *doing; /* what is to end this env */

/* A program's own. sys_cputs ends the env whatever this does. */
void exit(void)
{
    if (doing != NULL)
        cprintf("not ok - %s: it called exit\n", doing);
    sys_env_destroy(0);
}

/* Nobody looks at the quotient. */
static void divide_by_zero(void)
{
    cprintf("1/0 is %08x!\n", 1 / nought);
}

/* The kernel's own vector. */
static void interrupt(void)
{
    __asm__ volatile("int $14");
}

static void bad_segment(void)
{
    __asm__ volatile("movw %w0, %%ds" : : "r"(GD_TSS0));
}

static void buggy_hello(void)
{
    sys_cputs((char *)1, 1);
}

/* Begins well. */
static void endless_hello(void)
{
    sys_cputs((char *)many, 0x10000000);
}

static void evil_hello(void)
{
    sys_cputs((char *)(KERNBASE + 12), 100);
}

static void around_the_end(void)
{
    sys_cputs((char *)many, 0u - (uint32_t)many);
}

static void write_beyond(void)
{
    sys_env_set_pgfault_upcall(0, NULL);
    *(volatile char *)ROUNDUP((uintptr_t)end, PGSIZE) = 0;
}

static const struct {
    const char *id;
    void (*act)(void);
} deeds[] = {
    {"jos_traps_divzero", divide_by_zero},  {"jos_traps_softint", interrupt},
    {"jos_traps_badsegment", bad_segment},  {"jos_traps_breakpoint", breakpoint},
    {"jos_traps_buggyhello", buggy_hello},  {"jos_traps_buggyhello2", endless_hello},
    {"jos_traps_evilhello", evil_hello},    {"jos_traps_hello_around", around_the_end},
    {"jos_traps_bss_beyond", write_beyond},
};

/* As the lab's testbss. */
static void check_bss(void)
{
    uint32_t bad = 0;

    for (uint32_t i = 0; i < WORDS; i++)
        bad += many[i] != 0;
    CHECK_EQ(bad, 0, "jos_traps_bss_is_zero");
    for (uint32_t i = 0; i < WORDS; i++)
        many[i] = i;
    for (uint32_t i = 0; i < WORDS; i++)
        bad += many[i] != i;
    CHECK_EQ(bad, 0, "jos_traps_bss_keeps");
}

void umain(int argc, char **argv)
{
    check_bss();
    for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
        envid_t child = fork();

        if (child == 0) {
            doing = deeds[i].id;
            deeds[i].act();
            cprintf("not ok - %s: it went on\n", doing);
            return;
        }
        test_wait(child);
        cprintf("ok - %s_over\n", deeds[i].id);
    }
}
