/* All CPUs but one stand still: test builds alone.
 *
 * A CPU stands only where an interrupt from user mode or from halt can come (or where it waits to stop the
 * others itself): there it holds no lock, owns no claimed env, and its kernel stack has nothing of worth. It
 * answers TLB shootdowns while it stands, so whoever is still on his way there with a lock gets through; and it
 * gives the big lock back first, where there is one.
 */
#ifndef GRAIN_CHECK_STOP_H
#define GRAIN_CHECK_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/compiler.h"

#if GRAIN_KTEST
/* In a system call, with interrupts off and no lock held, not even the big one. Waits while another CPU stops
 * this one. False: a CPU has not come within STOP_WAIT_US, and all go on. */
bool stop_others(void) MUST_CHECK;
void stop_release(void);

/* The handler of VECTOR_STOP, between kernel_enter and kernel_exit. */
void stop_interrupt(void);

/* CPUs whose CR3 was not what their cr3 word said when they came to stand. */
uint32_t stop_wrong_cr3(void);
#else
static inline void stop_interrupt(void)
{
}
#endif

#endif
