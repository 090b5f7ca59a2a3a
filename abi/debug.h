/* The system call `debug`: kernels with tests (option kernel_tests) alone; E_NO_SYS in all others.
 *
 * edx = operation, ebx and esi = its arguments.
 */
#ifndef GRAIN_ABI_DEBUG_H
#define GRAIN_ABI_DEBUG_H

#include <stdint.h>

enum debug_op {
    /* Stops all CPUs where they hold no lock, and looks at every structure of the kernel; each violation is a
     * line of the kernel's log that begins with "check: ". 0: there is none. E_FAULT: there are; utcb->buf holds
     * struct debug_report. E_TIMEOUT: a CPU did not come, nothing was looked at. */
    DEBUG_CHECK = 1,
    DEBUG_OP_END,
};

struct debug_report {
    uint32_t violations;
    char first[160]; /* what the first one is, with its final 0 */
};

#endif
