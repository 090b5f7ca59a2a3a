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

#endif
