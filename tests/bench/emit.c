/* JSON lines on the second serial port, see emit.h. 16550 at 115200 baud, 8N1, polled. */
#include "tests/bench/emit.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "grain/syscall.h"

#define COM2           0x2f8u
#define UART_DATA      (COM2 + 0)
#define UART_IER       (COM2 + 1)
#define UART_LCR       (COM2 + 3)
#define UART_MCR       (COM2 + 4)
#define UART_LSR       (COM2 + 5)
#define UART_LCR_8N1   0x03u
#define UART_LCR_DLAB  0x80u
#define UART_LSR_EMPTY 0x20u
#define UART_DIVISOR   1u /* 115200 baud */

#define EMIT_MAX 16384u

static char line[EMIT_MAX];
static uint32_t used;

static bool port_open(void)
{
    static bool programmed;

    if (programmed)
        return true;
    programmed = port_out(UART_LCR, 1, UART_LCR_DLAB) == 0 &&
                 port_out(UART_DATA, 1, UART_DIVISOR) == 0 && port_out(UART_IER, 1, 0) == 0 &&
                 port_out(UART_LCR, 1, UART_LCR_8N1) == 0 && port_out(UART_MCR, 1, 3) == 0;
    return programmed;
}

static void port_write(const char *text, uint32_t bytes)
{
    uint32_t status = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        while (port_in(UART_LSR, 1, &status) == 0 && (status & UART_LSR_EMPTY) == 0) {}
        (void)port_out(UART_DATA, 1, (uint8_t)text[i]);
    }
}

static void emit_format(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void emit_format(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int wanted = vsnprintf(line + used, EMIT_MAX - used, fmt, args);
    va_end(args);
    used = used + (uint32_t)wanted < EMIT_MAX ? used + (uint32_t)wanted : EMIT_MAX - 1;
}

static void emit_key(const char *key)
{
    emit_format("%s\"%s\": ", used > 1 ? ", " : "", key);
}

void emit_begin(void)
{
    used = 0;
    emit_format("{");
}

void emit_text(const char *key, const char *value)
{
    emit_key(key);
    emit_format("\"%s\"", value);
}

void emit_number(const char *key, uint64_t value)
{
    emit_key(key);
    emit_format("%llu", (unsigned long long)value);
}

void emit_list(const char *key, const uint64_t *values, uint32_t count)
{
    emit_key(key);
    for (uint32_t i = 0; i < count; i++)
        emit_format("%s%llu", i == 0 ? "[" : ", ", (unsigned long long)values[i]);
    emit_format("%s]", count == 0 ? "[" : "");
}

void emit_end(void)
{
    emit_format("}\n");
    if (port_open())
        port_write(line, used);
    else
        printf("bench: %s", line);
}
