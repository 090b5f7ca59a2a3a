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
    /* ebx = from, esi = count: of the allocations of a frame, anywhere in the kernel, the from-th from now on and
     * count - 1 after it fail; from 0: none. Returns how many there have been since this call was made last. */
    DEBUG_FAIL_FRAMES,
    /* ebx = enum debug_delay, esi = microseconds at most, DEBUG_DELAY_MAX_US at most; 0: none. Returns how often
     * something of that kind has come at another time since this call was made for it last. E_INVAL: kind. */
    DEBUG_DELAY,
    DEBUG_OP_END,
};

/* What comes at another time than it should, by a random part of so many microseconds. */
enum debug_delay {
    DEBUG_DELAY_IPI,   /* an interrupt to another CPU: so much later */
    DEBUG_DELAY_LATE,  /* a CPU's timer: so much later */
    DEBUG_DELAY_EARLY, /* the same: so much earlier, but not before now */
    DEBUG_DELAY_STALL, /* whatever a CPU does with an interrupt: it stands still first */
    DEBUG_DELAYS,
};
#define DEBUG_DELAY_MAX_US 100000u

struct debug_report {
    uint32_t violations;
    char first[160]; /* what the first one is, with its final 0 */
};

#endif
