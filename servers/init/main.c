/* init's main loop, and the end of the machine. */
#include <stdbool.h>
#include <stdio.h>

#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "servers/init/image.h"
#include "servers/init/init.h"

/* Devices of emulators; on a real machine nothing listens there. */
#define QEMU_EXIT_PORT   0xf4 /* isa-debug-exit: ends with status value * 2 + 1 */
#define QEMU_EXIT_GOOD   0x10
#define QEMU_EXIT_BAD    0x11
#define BOCHS_POWER_PORT 0x8900 /* ends when it is told "Shutdown" */

/* The UART of the kernel's log, whose last bytes may not be out yet. */
#define COM1_STATUS   0x3fd
#define COM1_ALL_SENT 0x40 /* an empty bus reads so, too */
#define COM1_LOOKS    100000u

static void run_module(const struct sysinfo_module *module, uint32_t index)
{
    struct program program;

    program_from_module(&program, module, index);
    program_run(&program, NULL);
    program_reap_orphans(true);
}

static void power_off(bool failed)
{
    uint32_t status = 0;

    for (uint32_t i = 0; i < COM1_LOOKS && !(status & COM1_ALL_SENT); i++) {
        if (port_in(COM1_STATUS, 1, &status) != 0)
            break;
    }
    (void)port_out(QEMU_EXIT_PORT, 4, failed ? QEMU_EXIT_BAD : QEMU_EXIT_GOOD);
    for (const char *c = "Shutdown"; *c != 0; c++)
        (void)port_out(BOCHS_POWER_PORT, 1, (uint32_t)*c);
}

void init_halt(bool failed)
{
    printf("grain: halt code %d\n", failed ? 1 : 0);
    power_off(failed);
    for (;;)
        (void)notify_wait(0xffffffffu);
}

int main(void)
{
    const struct sysinfo *info = sysinfo();

    report_init();
    if (image_module() != NULL) {
        system_run();
    } else {
        for (uint32_t i = 1; i < info->nmodules; i++)
            run_module(&info->modules[i], i);
        if (info->nmodules <= 1)
            demo_run();
    }
    init_halt(report_failed());
}
