/* A handler that maps what is missing: also for a string across two pages, and while the library formats. */
#include "tests/jos/test.h"

#define PLACE  0x5eadbeefu
#define ACROSS 0x5afebffeu

static int faults;

static void handler(struct UTrapframe *utf)
{
    char *va = (char *)utf->utf_fault_va;
    int r;

    faults++;
    cprintf("fault %x\n", va);
    if ((r = sys_page_alloc(0, ROUNDDOWN(va, PGSIZE), PTE_RW)) < 0)
        panic("allocating at %x in page fault handler: %e", va, r);
    snprintf(va, 100, "this string was faulted in at %x", va);
}

void umain(int argc, char **argv)
{
    set_pgfault_handler(handler);
    cprintf("%s\n", (char *)PLACE);
    CHECK_EQ(faults, 1, "jos_faultalloc_once");
    cprintf("%s\n", (char *)ACROSS);
    CHECK_EQ(faults, 3, "jos_faultalloc_across");
    CHECK(strcmp((char *)PLACE, "this string was faulted in at 5eadbeef") == 0,
          "jos_faultalloc_first");
    CHECK(strcmp((char *)ACROSS, "this string was faulted in at 5afebffe") == 0,
          "jos_faultalloc_second");
}
