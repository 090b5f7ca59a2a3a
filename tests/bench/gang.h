/* Workers that do the same operation, each on its CPU, for a given time: throughput, fairness, waits.
 *
 * The master (main) starts workers in copies of its address space or in threads, tells them when the time
 * begins and ends, and reports what each has done. What they write is in one page that all have mapped;
 * each worker has a cache line of its own.
 *
 *     think, operation, think, operation, ...
 *
 * Operations before the beginning are warm-up. One that begins in time counts. The think time is
 * exponentially distributed with the given mean: the worker reads the TSC until it is over. Of each GANG_QUANTILES
 * think times in a row, from the beginning on, every worker has the same, in an order of its own: in a window of
 * many times GANG_QUANTILES all think equally long, within a few think times.
 */
#ifndef TESTS_BENCH_GANG_H
#define TESTS_BENCH_GANG_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "grain/compiler.h"

#define GANG_MAX       31u         /* a bit each, but that of NOTIFY_CHILD */
#define GANG_SHARED    0x58000000u /* the page that all have mapped */
#define GANG_QUANTILES 64u         /* different think times */

struct gang_worker {
    volatile uint32_t ops;
    volatile uint32_t max_wait; /* longest operation, in ticks */
    uint32_t think;             /* mean, in ticks */
    uint32_t random;            /* state of the worker's own generator */
    uint32_t cpu;
    uint32_t line[11];
};
_Static_assert(sizeof(struct gang_worker) == 64, "a cache line each");

struct gang {
    volatile uint64_t begin; /* TSC */
    volatile uint64_t end;
    uint32_t line[12];
    struct gang_worker workers[GANG_MAX];
};

typedef void gang_operation(struct gang_worker *me);

/* Makes room for a gang whose workers think for so many ticks. Returns whether that worked. */
MUST_CHECK bool gang_prepare(uint32_t ticks);

/* Starts worker `index` on a CPU; it waits for gang_run(). In an address space of its own, or in this. */
MUST_CHECK bool gang_start_child(uint32_t index, uint32_t cpu, gang_operation *operation);
MUST_CHECK bool gang_start_thread(uint32_t index, uint32_t cpu, gang_operation *operation);

/* The env of a worker. */
envid_t gang_id(uint32_t index);

/* Lets `count` workers run for `window` ticks and reports them under `name`. */
void gang_run(const char *name, uint32_t count, uint64_t window);

/* Ends the workers and gives back what gang_prepare took. */
void gang_end(void);

/* The same without envs and messages, for workers that are processes: one's own loop, and the report. */
void gang_work(struct gang *gang, struct gang_worker *me, gang_operation *operation);
void gang_report(const char *name, const struct gang *gang, uint32_t count);
void gang_init(struct gang *gang, uint32_t ticks);

/* A random number, 32 bits. */
uint32_t gang_random(struct gang_worker *me);

#endif
