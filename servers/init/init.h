/* init, the first env. With a boot image (boot.tar) among the boot modules it starts the system: the
 * servers, and through proc the shell or the programs that the command line names. Without, it runs the
 * boot modules themselves one after the other, bare, which is to say with nothing but the kernel. It
 * says how each ended, and halts the machine. What it prints is an interface: tests and tools read it.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/server.h"
#include "abi/sysinfo.h"

#define PROGRAM_ARGS_MAX 16u

/* A program and its command line, taken apart. */
struct program {
    const void *image; /* an ELF file; NULL: proc finds it by its name */
    uint32_t size;
    char words[sizeof(((struct sysinfo_module *)0)->cmdline)]; /* what name and argv point into */
    const char *name;                                          /* without folder and ".elf" */
    const char *argv[PROGRAM_ARGS_MAX + 1];                    /* argv[0] is the name */
    const char *reason;                                        /* after a failed start: why */
};

/* load.c */
void program_from_module(struct program *program, const struct sysinfo_module *module,
                         uint32_t index);
/* "NAME,ARGUMENT,...": of the boot image. */
void program_from_word(struct program *program, const char *text);

/* Loads program->image into a new address space and lets it run. servers: what it learns of them, or
 * NULL. Returns the env's id, or a negated error and program->reason. */
envid_t program_start(struct program *program, const struct process_start *servers);

/* The same, waits for its end, and reports on both and on what it left behind. */
void program_run(struct program *program, const struct process_start *servers);

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
/* "died: page fault at ...", "exited with status 3" */
void report_describe(const struct env_death *death, char *text, size_t size);
/* How a program ended: an env's death, a process's status (abi/proc.h). */
void report_death(const struct program *program, const struct env_death *death);
void report_status(const struct program *program, uint32_t status);
void report_leak(const struct program *program, const struct report_usage *before);
/* Looks at all structures of the kernel, in a test and where the kernel can. */
void report_invariants(const struct program *program);

/* One fact that was checked; detail says what was wrong, if anything. */
void report_check(const char *id, bool good, const char *detail);

/* system.c: the servers, then the shell or what the command line names. */
void system_run(void);

/* main.c: the end of the machine. */
_Noreturn void init_halt(bool failed);

/* demo.c: what init does when the boot image holds nothing but itself. */
void demo_run(void);

#endif
