/* Tests of the kernel from outside: kernels with tests alone, E_NO_SYS in all others (abi/debug.h). */
#ifndef GRAIN_DEBUG_H
#define GRAIN_DEBUG_H

#include "abi/debug.h"
#include "grain/syscall.h"

/* Stops all CPUs and looks at every structure of the kernel: 0, all is as it should be. E_FAULT: it is not; the
 * kernel's log says what, and *report, if it is not NULL, how much, and the first. E_TIMEOUT: a CPU could not be
 * stopped. */
MUST_CHECK static inline int debug_check(struct debug_report *report)
{
    int result = syscall1(SYS_debug, DEBUG_CHECK);

    if (result == -E_FAULT && report != NULL)
        *report = *(const struct debug_report *)(const void *)utcb()->buf;
    return result;
}

/* The from-th allocation of a frame from now on, and count - 1 after it, fail; from 0: none. Returns how many there
 * have been since the last call. */
static inline int debug_fail_frames(uint32_t from, uint32_t count)
{
    return syscall3(SYS_debug, DEBUG_FAIL_FRAMES, from, count);
}

/* Interrupts between CPUs, timers, or CPUs are off by up to so many microseconds; 0: exact. Returns how often that has
 * happened since the last call for this kind. E_INVAL: no such kind. */
MUST_CHECK static inline int debug_delay(enum debug_delay kind, uint32_t us)
{
    return syscall3(SYS_debug, DEBUG_DELAY, kind, us);
}

#endif
