/* init, the first env: runs the programs of the boot image one after the other, says how each ended,
 * and halts the machine. What it prints is an interface: tests and tools read it.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/sysinfo.h"

#define PROGRAM_ARGS_MAX 16u

/* A boot module and its command line, taken apart. */
struct program {
    const struct sysinfo_module *module;
    char words[sizeof(((struct sysinfo_module *)0)->cmdline)]; /* what name and argv point into */
    const char *name;                                          /* without folder and ".elf" */
    const char *argv[PROGRAM_ARGS_MAX + 1];                    /* argv[0] is the name */
    const char *reason;                                        /* after a failed start: why */
};

/* load.c */
void program_parse(struct program *program, const struct sysinfo_module *module, uint32_t index);

/* Loads the module into a new address space and lets it run. Returns the env's id, or a negated
 * error and program->reason. */
envid_t program_start(struct program *program);

/* Envs that a program left behind are init's now: frees the slots of those that have ended, and ends
 * the others if asked to. */
void program_reap_orphans(bool kill);

/* report.c: what there is to say, and whether something went wrong so far. */
void report_init(void);
bool report_failed(void);

/* Frames and envs in use, to compare before and after. */
struct report_usage {
    int32_t frames;
    int32_t envs;
};

struct report_usage report_usage_now(void);
void report_not_started(const struct program *program, int error);
void report_death(const struct program *program, const struct env_death *death);
void report_leak(const struct program *program, const struct report_usage *before);

/* One fact that was checked; detail says what was wrong, if anything. */
void report_check(const char *id, bool good, const char *detail);

/* demo.c: what init does when the boot image holds nothing but itself. */
void demo_run(void);

#endif
