/* Kernel memory is neither readable nor writable, and the windows are not writable. Each child dies of its
 * own fault; the parent counts. */
#include "tests/jos/test.h"

static void touch(uint32_t number)
{
    switch (number) {
    case 0:
        *(volatile unsigned *)KERNBASE = 0;
        break;
    case 1:
        cprintf("not ok - jos_faultkernel: %08x\n", *(volatile unsigned *)0xc0100000);
        break;
    case 2:
        ((volatile struct Env *)(uintptr_t)envs)->env_status = ENV_FREE;
        break;
    case 3:
        *(volatile pte_t *)&uvpt[PGNUM(UTEXT)] = 0;
        break;
    default:
        __asm__ volatile("cli");
    }
    cprintf("not ok - jos_faultkernel: %u went on\n", number);
}

void umain(int argc, char **argv)
{
    envid_t env[5];

    for (uint32_t i = 0; i < 5; i++) {
        env[i] = fork();
        if (env[i] == 0) {
            sys_env_set_pgfault_upcall(0, NULL);
            touch(i);
            exit();
        }
        test_wait(env[i]);
    }
    cprintf("ok - jos_faultkernel_survived\n");
}
