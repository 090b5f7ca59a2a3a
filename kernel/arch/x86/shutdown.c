/* How the machine stops: the exits of the emulators and the halt; contracts in kernel/arch.h. */
#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/io.h"
#include "kernel/arch/x86/serial.h"
#include "kernel/coverage/coverage.h"

#define QEMU_EXIT_PORT  0x00f4 /* -device isa-debug-exit: QEMU's status becomes value * 2 + 1 */
#define BOCHS_EXIT_PORT 0x8900 /* ends Bochs when it has read the word */

void arch_irq_off(void)
{
    cpu_irq_off();
}

void arch_emulator_exit(enum arch_exit how)
{
    static const uint8_t status[] = {
        [ARCH_EXIT_SUCCESS] = 0x10,
        [ARCH_EXIT_FAILURE] = 0x11,
        [ARCH_EXIT_PANIC] = 0x20,
    };

    coverage_write();
    serial_drain();
    io_out8(QEMU_EXIT_PORT, status[how]);
    for (const char *word = "Shutdown"; *word != 0; word++)
        io_out8(BOCHS_EXIT_PORT, (uint8_t)*word);
}

_Noreturn void arch_shutdown(void)
{
    arch_emulator_exit(ARCH_EXIT_SUCCESS);
    arch_halt_forever();
}

_Noreturn void arch_halt_forever(void)
{
    /* An NMI ends the halt, and may be the request for this CPU's report. */
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}
