/* The kernel's command line: words between spaces, "name" or "name=value".
 *
 *   log=error|warn|info|debug   what is logged (info)
 *   cpus=N                      use at most N CPUs (all)
 *   panic=exit|halt             after a panic: end the emulator, or stand still for a debugger (exit)
 *   spin=MS                            report waits for a lock that are longer (10000; 0: never)
 *   spin=panic                         and panic
 *   races=N                     kernels that look for races: watch one access in N (500; 0: none)
 *   races=report                and report a race without a panic
 *   delays=SEED                 kernels with other schedules: random delays (0: none)
 *   phase=N,N,...               and instructions that each CPU runs before it starts, and after halt
 *   jos                         the boot modules are JOS programs, each an env; say what JOS would
 *   init.WORD                   for the first program
 *   ktest=NAME,NAME...          run tests of tests/kernel instead (builds that have them)
 *   check=panic                 what the check of the kernel finds (abi/debug.h) is a panic (the same builds)
 *   inject=frame:N              the Nth frame allocation of user code's doing fails (the same builds)
 *   inject=ipi:US, late:US, early:US, stall:US   interrupts between CPUs late, timers late, timers early, CPUs that
 *                               stand still with an interrupt, each by a random part of so many microseconds
 *   inject=no-ap:N              the Nth CPU that the firmware names, from 0, does not start
 *   --                          the kernel does not look at what follows
 *
 * A word or value that is not known is a warning; the boot goes on.
 */
#ifndef GRAIN_KERNEL_CMDLINE_H
#define GRAIN_KERNEL_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/log.h"
#include "kernel/panic.h"

struct boot_options {
    enum log_level log;
    uint32_t max_cpus; /* at least 1 */
    enum panic_action panic;
    bool jos;
    uint32_t spin_ms; /* 0: never */
    bool spin_panics;
    uint32_t races_every; /* for kernels that look for races */
    bool races_go_on;
};

/* Fills *out: defaults, then what the words say, in their order. */
void cmdline_parse(const char *line, struct boot_options *out);

/* A value that is a decimal number of at most six digits. False: it is not. */
bool cmdline_number(const char *text, uint32_t *out);

#endif
