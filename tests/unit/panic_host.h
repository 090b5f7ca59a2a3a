/* panic() on the host: a test that waits for one gets its message, all others end. */
#ifndef GRAIN_TESTS_PANIC_HOST_H
#define GRAIN_TESTS_PANIC_HOST_H

#include <setjmp.h>
#include <stdbool.h>

extern jmp_buf panic_host_back;
extern bool panic_host_expected;

/* The last expected panic's message. */
const char *panic_host_text(void);

/* Whether the statement ends in a panic; what it holds then stays as it was. */
#define PANICS(statement)                                                                      \
    (panic_host_expected = true, setjmp(panic_host_back) == 0                                  \
                                     ? ((void)(statement), panic_host_expected = false, false) \
                                     : true)

#endif
