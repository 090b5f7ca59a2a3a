/* The contract of kernel/arch.h on the host, as far as the log needs it: the console is a buffer. */
#ifndef GRAIN_TESTS_ARCH_HOST_H
#define GRAIN_TESTS_ARCH_HOST_H

#include <stddef.h>
#include <stdint.h>

/* All that was written since the last host_console_clear, cut at some size. */
const char *host_console(void);
void host_console_clear(void);

/* How much arch_console_try will take. */
extern size_t host_console_room;

/* What arch_cpu_index and arch_time_us return. */
extern uint32_t host_cpu;
extern uint64_t host_time_us;

#endif
