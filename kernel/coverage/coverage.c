/* The counters' way out, see coverage.h. One line: "coverage N ", then N counters in hexadecimal with a
 * blank behind each, and a newline. The host has the rest from the image.
 */
#include "kernel/coverage/coverage.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "kernel/arch/x86/io.h"

#define QEMU_EXIT_PORT  0x00f4
#define BOCHS_EXIT_PORT 0x8900

#define COM2               0x2f8
#define UART_LINE_CONTROL  (COM2 + 3)
#define UART_MODEM_CONTROL (COM2 + 4)
#define UART_LINE_STATUS   (COM2 + 5)
#define LINE_8N1           0x03
#define MODEM_DTR_RTS      0x03
#define STATUS_SEND_EMPTY  0x20
#define PATIENCE           100000u /* looks at a port that does not get ready */

/* The linker's names of the section. */
extern const uint64_t __start___llvm_prf_cnts[];
extern const uint64_t __stop___llvm_prf_cnts[];

/* What the compiler's code refers to where its run-time library is wanted. */
extern const int __llvm_profile_runtime;
const int __llvm_profile_runtime = 0;

static atomic_bool written;

static void put(char c)
{
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((io_in8(UART_LINE_STATUS) & STATUS_SEND_EMPTY) != 0)
            break;
    }
    io_out8(COM2, (uint8_t)c);
}

static void put_number(uint64_t number)
{
    int shift = 60;

    while (shift > 0 && number >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put("0123456789abcdef"[number >> shift & 0xf]);
    put(' ');
}

void coverage_write(void)
{
    uint32_t count = (uint32_t)(__stop___llvm_prf_cnts - __start___llvm_prf_cnts);

    if (atomic_exchange(&written, true))
        return;
    io_out8(UART_LINE_CONTROL, LINE_8N1);
    io_out8(UART_MODEM_CONTROL, MODEM_DTR_RTS);
    for (const char *word = "coverage "; *word != 0; word++)
        put(*word);
    put_number(count);
    for (uint32_t i = 0; i < count; i++)
        put_number(__start___llvm_prf_cnts[i]);
    put('\n');
}

void coverage_before_port(uint16_t port)
{
    if (port == QEMU_EXIT_PORT || port == BOCHS_EXIT_PORT)
        coverage_write();
}
