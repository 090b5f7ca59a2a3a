/* Facts about the running system: a read-only window (SYSINFO_WINDOW) written once at boot, and
 * counters on request (system call kernel_info). */
#ifndef GRAIN_ABI_SYSINFO_H
#define GRAIN_ABI_SYSINFO_H

#include <stdint.h>

#include "abi/layout.h"

#define SYSINFO_MAGIC   0x4e415247u /* "GRAN" */
#define SYSINFO_MODULES 32

struct sysinfo_module {
    uint32_t va;   /* in the first env's address space, page aligned */
    uint32_t size; /* bytes */
    char cmdline[120];
};

/* How a CPU spends its time. Each CPU keeps its own: read idle_us, then halted_since. */
struct sysinfo_cpu {
    volatile uint32_t idle_us; /* halted so far, microseconds modulo 2^32 */
    volatile uint32_t
        halted_since; /* halted now, since then (microseconds since boot, | 1); 0: not */
};

#define SYSINFO_CPUS 32

struct sysinfo {
    uint32_t magic;
    uint32_t ncpus;
    uint32_t tsc_khz; /* TSC ticks a millisecond */
    uint32_t total_frames;
    uint32_t nmodules;
    uint32_t max_envs;
    uint32_t lockstat; /* LOCKSTAT_OFF and so on (abi/lockstat.h) */
    uint32_t reserved;
    uint64_t boot_tsc;
    char version[32];
    char granularity[16];
    char algorithm[48];
    char build[96];
    char cpu[56];
    char hypervisor[16]; /* "" on bare hardware */
    char clock[24];
    char cmdline[512];
    struct sysinfo_module modules[SYSINFO_MODULES];
    struct sysinfo_cpu cpus[SYSINFO_CPUS];
};
_Static_assert(sizeof(struct sysinfo) <= SYSINFO_PAGES * PAGE_SIZE, "sysinfo fits its window");

/* kernel_info. Frames are counted exactly when the other CPUs are quiet. */
struct kernel_counters {
    uint32_t free_frames;
    uint32_t zeroed_frames; /* of these: zeroed by idle CPUs */
    uint32_t total_frames;
    uint32_t envs; /* slots in use */
    uint32_t aspaces;
    uint32_t shootdowns;
    uint32_t ipis;
};

#endif
