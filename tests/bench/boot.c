/* How long it took to get here from the kernel's first instruction: started as the first env, in place of init, or
 * in place of the shell.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "grain/syscall.h"
#include "grain/time.h"
#include "tests/bench/emit.h"

#define QEMU_EXIT_PORT   0xf4u /* as in servers/init/main.c */
#define QEMU_EXIT_GOOD   0x10u
#define BOCHS_POWER_PORT 0x8900u

static void report(const char *name, uint64_t ticks)
{
    emit_begin();
    emit_text("bench", name);
    emit_number("cpus", sysinfo()->ncpus);
    emit_number("ops", 1);
    emit_number("clock", 0);
    emit_list("ticks", &ticks, 1);
    emit_end();
}

static void power_off(void)
{
    printf("grain: halt code 0\n");
    (void)port_out(QEMU_EXIT_PORT, 4, QEMU_EXIT_GOOD);
    for (const char *c = "Shutdown"; *c != 0; c++)
        (void)port_out(BOCHS_POWER_PORT, 1, (uint32_t)*c);
    for (;;)
        yield();
}

int main(void)
{
    uint64_t ticks = time_ticks() - sysinfo()->boot_tsc;
    bool is_first = getenv("BOOT_US") == NULL;

    report(is_first ? "boot_user" : "boot_shell", ticks);
    if (is_first)
        power_off();
    return 0;
}
