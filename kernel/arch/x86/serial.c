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
#define FIFO_IS_ON         0xc0 /* read back; an 8250 has none */
#define MODEM_DTR_RTS      0x03
#define STATUS_SEND_EMPTY  0x20
#define STATUS_ALL_SENT    0x40
#define STATUS_NO_UART     0xff /* an empty bus reads so; a UART has bit 7 or bit 0 clear by now */

#define BAUD_DIVISOR 1 /* 115200 */

/* Looks at the status before a byte is given up: some 100 ms of port reads at first. A UART that
 * never gets ready is asked less often, or its silence would make each line take seconds. */
#define PATIENCE_LONG  100000u
#define PATIENCE_SHORT 100u

#define FIFO_SIZE 16u
#define TRY_MOST  256u /* bytes of a text, when the UART takes them as fast as they come */

/* Callers serialise; at start-up there is one. */
static bool serial_present;
static uint32_t serial_fifo = 1;
static uint32_t serial_patience = PATIENCE_LONG;
static uint32_t serial_looks;    /* of arch_console_try, in vain */
static bool serial_owes_newline; /* its carriage return is out */

void serial_init(void)
{
    io_out8(COM1 + UART_INTERRUPTS, 0);
    io_out8(COM1 + UART_LINE_CONTROL, LINE_DIVISOR_LATCH);
    io_out8(COM1 + UART_DATA, BAUD_DIVISOR);
    io_out8(COM1 + UART_INTERRUPTS, 0); /* the divisor's high byte */
    io_out8(COM1 + UART_LINE_CONTROL, LINE_8N1);
    io_out8(COM1 + UART_FIFO, FIFO_ON_CLEAR);
    if ((io_in8(COM1 + UART_FIFO) & FIFO_IS_ON) == FIFO_IS_ON)
        serial_fifo = FIFO_SIZE;
    io_out8(COM1 + UART_MODEM_CONTROL, MODEM_DTR_RTS);
    serial_present = io_in8(COM1 + UART_LINE_STATUS) != STATUS_NO_UART;
}

static bool serial_is_ready(void)
{
    return (io_in8(COM1 + UART_LINE_STATUS) & STATUS_SEND_EMPTY) != 0;
}

/* Ready and empty, it takes so much of the text without another look. Returns how much that was: 0 if it
 * was a newline's carriage return alone. */
static size_t serial_burst(const char *text, size_t len)
{
    size_t done = 0;

    for (uint32_t room = serial_fifo; done < len && room != 0; room--) {
        serial_owes_newline = text[done] == '\n' && !serial_owes_newline;
        io_out8(COM1 + UART_DATA, serial_owes_newline ? '\r' : (uint8_t)text[done]);
        done += serial_owes_newline ? 0 : 1;
    }
    return done;
}

static bool serial_wait(void)
{
    for (uint32_t i = 0; i < serial_patience; i++) {
        if (serial_is_ready()) {
            serial_patience = PATIENCE_LONG;
            return true;
        }
        cpu_relax();
    }
    serial_patience = PATIENCE_SHORT;
    return false;
}

void serial_drain(void)
{
    for (uint32_t i = 0; serial_present && i < PATIENCE_LONG; i++) {
        if (io_in8(COM1 + UART_LINE_STATUS) & STATUS_ALL_SENT)
            return;
        cpu_relax();
    }
}

void arch_console_write(const char *text, size_t len)
{
    if (!serial_present)
        return;
    for (size_t done = 0; done < len;)
        done += serial_wait() ? serial_burst(text + done, len - done) : 1;
}

size_t arch_console_try(const char *text, size_t len)
{
    size_t done = 0;

    if (!serial_present)
        return len;
    while (done < len && done < TRY_MOST && serial_is_ready())
        done += serial_burst(text + done, len - done);
    if (done != 0) {
        serial_looks = 0;
        serial_patience = PATIENCE_LONG;
    } else if (len != 0 && ++serial_looks >= serial_patience) {
        serial_looks = 0;
        serial_patience = PATIENCE_SHORT;
        done = len;
    }
    return done;
}
