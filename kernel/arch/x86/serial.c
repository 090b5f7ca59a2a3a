/* COM1 by polling, see serial.h. Registers as in the 16550 data sheet. */
#include "kernel/arch/x86/serial.h"

#include <stdbool.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/io.h"

#define COM1 0x3f8

#define UART_DATA          0
#define UART_INTERRUPTS    1
#define UART_FIFO          2
#define UART_LINE_CONTROL  3
#define UART_MODEM_CONTROL 4
#define UART_LINE_STATUS   5

#define LINE_DIVISOR_LATCH 0x80
#define LINE_8N1           0x03
#define FIFO_ON_CLEAR      0xc7
#define MODEM_DTR_RTS      0x03
#define STATUS_SEND_EMPTY  0x20
#define STATUS_NO_UART     0xff /* an empty bus reads so; a UART has bit 7 or bit 0 clear by now */

#define BAUD_DIVISOR 1 /* 115200 */

/* Looks at the status before a byte is given up: some 100 ms of port reads at first. A UART that
 * never gets ready is asked less often, or its silence would make each line take seconds. */
#define PATIENCE_LONG  100000u
#define PATIENCE_SHORT 100u

static bool serial_present;
static uint32_t serial_patience = PATIENCE_LONG;

void serial_init(void)
{
    io_out8(COM1 + UART_INTERRUPTS, 0);
    io_out8(COM1 + UART_LINE_CONTROL, LINE_DIVISOR_LATCH);
    io_out8(COM1 + UART_DATA, BAUD_DIVISOR);
    io_out8(COM1 + UART_INTERRUPTS, 0); /* the divisor's high byte */
    io_out8(COM1 + UART_LINE_CONTROL, LINE_8N1);
    io_out8(COM1 + UART_FIFO, FIFO_ON_CLEAR);
    io_out8(COM1 + UART_MODEM_CONTROL, MODEM_DTR_RTS);
    serial_present = io_in8(COM1 + UART_LINE_STATUS) != STATUS_NO_UART;
}

static void serial_put(char c)
{
    for (uint32_t i = 0; i < serial_patience; i++) {
        if (io_in8(COM1 + UART_LINE_STATUS) & STATUS_SEND_EMPTY) {
            io_out8(COM1 + UART_DATA, (uint8_t)c);
            serial_patience = PATIENCE_LONG;
            return;
        }
        cpu_relax();
    }
    serial_patience = PATIENCE_SHORT;
}

void arch_console_write(const char *text, size_t len)
{
    if (!serial_present)
        return;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            serial_put('\r');
        serial_put(text[i]);
    }
}
