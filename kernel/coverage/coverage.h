/* Coverage, in kernels of the kind `coverage` (docs/testing.md); elsewhere nothing.
 *
 * The compiler counts how often each place was reached (-fprofile-instr-generate). Before the emulator is
 * told to end, the counters go over the second serial port; tools/grain coverage makes lines of them.
 */
#ifndef GRAIN_COVERAGE_H
#define GRAIN_COVERAGE_H

#include <stdint.h>

#ifdef GRAIN_COVERAGE

/* The machine is about to end. */
void coverage_write(void);

/* User code writes to an I/O port: the machine ends if it is that of an emulator's exit. */
void coverage_before_port(uint16_t port);

#else

static inline void coverage_write(void)
{
}

static inline void coverage_before_port(uint16_t port)
{
    (void)port;
}

#endif
#endif
