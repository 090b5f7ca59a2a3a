/* A child that spins does not hold a CPU against its parent, and can be destroyed while it runs. */
#include "tests/jos/test.h"
#include <inc/x86.h>

static volatile uint32_t spins; /* shared */

void umain(int argc, char **argv)
{
    uint32_t before;
    envid_t child;

    cprintf("I am the parent.  Forking the child...\n");
    child = sfork();
    if (child == 0) {
        cprintf("I am the child.  Spinning...\n");
        for (;;)
            spins++;
    }
    cprintf("I am the parent.  Running the child...\n");
    /* No yield: the timer alone lets it run where there is one CPU; and then us again. */
    while (spins == 0)
        __asm__ volatile("pause");
    before = spins;
    while (spins == before)
        __asm__ volatile("pause");
    cprintf("ok - jos_spin_preempted\n");
    CHECK((read_eflags() & FL_IF) != 0, "jos_spin_interrupts_on");
    cprintf("I am the parent.  Killing the child...\n");
    CHECK_EQ(sys_env_destroy(child), 0, "jos_spin_destroy");
    before = spins;
    for (int i = 0; i < 100; i++)
        sys_yield();
    CHECK_EQ(spins, before, "jos_spin_ended");
    CHECK_ERROR(sys_env_destroy(child), E_BAD_ENV, "jos_spin_gone");
}
