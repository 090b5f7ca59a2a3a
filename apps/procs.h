/* The processes and servers that run now, with the processor time that each has used. */
#ifndef GRAIN_APPS_PROCS_H
#define GRAIN_APPS_PROCS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "grain/compiler.h"

#define PROCS_MAX 512u

struct procs_row {
    uint32_t pid; /* 0: a server, which proc does not know as a process */
    uint32_t parent;
    envid_t env; /* its first env; no other row has it at any time */
    uint32_t threads;
    uint32_t frames;
    uint32_t cpu;     /* home of its first env */
    uint32_t aspace;  /* which all its envs share, and no other row's; 0: it has ended */
    uint32_t time_us; /* of the envs that it has now, modulo 2^32 */
    uint32_t runs;    /* times that they were dispatched, modulo 2^32 */
    bool zombie;      /* has ended, and its parent has not waited for it */
    char name[32];
};

/* Fills rows[PROCS_MAX], servers first, then processes by pid. Returns how many, or a negated error. */
MUST_CHECK int procs_read(struct procs_row *rows);

/* "12:34.56", minutes, seconds, hundredths. */
void procs_format_time(char text[16], uint32_t us);

#endif
