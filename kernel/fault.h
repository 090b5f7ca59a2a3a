/* The way of a fault: the env's own upcall, its pager, or the end of the env. */
#ifndef GRAIN_KERNEL_FAULT_H
#define GRAIN_KERNEL_FAULT_H

#include "kernel/env.h"

struct fault {
    uint32_t vector;
    uint32_t error;   /* as the CPU pushed it */
    uint32_t address; /* page fault: the address, else 0 */
};

/* `self` is current and faulted in user mode, its registers are saved. */
_Noreturn void fault_deliver(struct env *self, const struct fault *fault);

#endif
