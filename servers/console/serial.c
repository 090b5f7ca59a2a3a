/* COM1, see serial.h. Registers: 16550 data sheet. */
#include "servers/console/serial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "grain/syscall.h"

#define COM1               0x3f8u
#define UART_DATA          (COM1 + 0)
#define UART_INTERRUPTS    (COM1 + 1)
#define UART_FIFO          (COM1 + 2)
#define UART_MODEM_CONTROL (COM1 + 4)
#define UART_LINE_STATUS   (COM1 + 5)

#define INTERRUPT_RECEIVED 0x01u
#define FIFO_ON_TRIGGER_1  0x01u
#define MODEM_DTR_RTS_OUT2 0x0bu /* OUT2 lets the interrupt out on a PC */
#define STATUS_RECEIVED    0x01u
#define STATUS_NO_UART     0xffu

static bool present;

void serial_init(uint32_t bits)
{
    uint32_t status;
    int error = irq_attach(SERIAL_IRQ, bits);

    if (error == 0)
        error = port_in(UART_LINE_STATUS, 1, &status);
    if (error != 0) {
        printf("console: no serial input: %s\n", grain_strerror(error));
        return;
    }
    present = status != STATUS_NO_UART;
    if (!present)
        return;
    (void)port_out(UART_FIFO, 1, FIFO_ON_TRIGGER_1);
    (void)port_out(UART_MODEM_CONTROL, 1, MODEM_DTR_RTS_OUT2);
    (void)port_out(UART_INTERRUPTS, 1, INTERRUPT_RECEIVED);
}

void serial_write(const char *text, size_t len)
{
    struct utcb *self = utcb();

    while (len != 0) {
        size_t step = len < sizeof(self->buf) ? len : sizeof(self->buf);

        memcpy(self->buf, text, step);
        (void)log_write((uint32_t)step);
        text += step;
        len -= step;
    }
}

bool serial_read(uint8_t *byte)
{
    uint32_t value;

    if (!present || port_in(UART_LINE_STATUS, 1, &value) != 0 || (value & STATUS_RECEIVED) == 0)
        return false;
    if (port_in(UART_DATA, 1, &value) != 0)
        return false;
    *byte = (uint8_t)value;
    return true;
}
