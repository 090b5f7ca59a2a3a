/* The contract of kernel/arch.h on the host, see arch_host.h. */
#include "arch_host.h"

#include <string.h>

#include "kernel/arch.h"

static char console[65536];
static size_t console_len;

size_t host_console_room = SIZE_MAX;
uint32_t host_cpu;
uint64_t host_time_us;

const char *host_console(void)
{
    return console;
}

void host_console_clear(void)
{
    console_len = 0;
    console[0] = 0;
}

void arch_console_write(const char *text, size_t len)
{
    size_t room = sizeof(console) - 1 - console_len;

    if (len > room)
        len = room;
    memcpy(console + console_len, text, len);
    console_len += len;
    console[console_len] = 0;
}

size_t arch_console_try(const char *text, size_t len)
{
    size_t done = len < host_console_room ? len : host_console_room;

    arch_console_write(text, done);
    host_console_room -= done;
    return done;
}

uint32_t arch_cpu_index(void)
{
    return host_cpu;
}

uint64_t arch_time_us(void)
{
    return host_time_us;
}
