/* Lock statistics: read-only pages at LOCKSTAT_WINDOW, mapped when sysinfo->lockstat is not
 * LOCKSTAT_OFF (kernel option -Dlockstat).
 *
 * The first page is a struct lockstat, written once at boot. Behind it come LOCKSTAT_CPU_PAGES
 * pages for each CPU, a struct lockstat_cpu, which that CPU alone writes. Counts are modulo 2^32 and
 * never reset, so a reader takes differences; times are TSC ticks (sysinfo->tsc_khz).
 *
 * They change under the reader: he reads them as volatile. He reads `seq`, what he wants, and `seq` again: if it was odd or has changed, he starts over.
 * In mode LOCKSTAT_CONTENDED the count of acquisitions changes without `seq`.
 *
 * Counted per class of lock, whatever the granularity: slot 0 up are the classes, then "big". In
 * granularity `subsystem` all locks of a class are one, in `big` all locks of the kernel.
 */
#ifndef GRAIN_ABI_LOCKSTAT_H
#define GRAIN_ABI_LOCKSTAT_H

#include "abi/layout.h"

/* Modes. */
#define LOCKSTAT_OFF       0
#define LOCKSTAT_CONTENDED 1 /* acquisitions; of those that waited: spins, wait, call sites */
#define LOCKSTAT_FULL      2 /* everything */

#ifndef __ASSEMBLER__
#include <stdint.h>

#define LOCKSTAT_MAGIC     0x5453434cu /* "LCST" */
#define LOCKSTAT_SLOTS     12
#define LOCKSTAT_BUCKETS   32
#define LOCKSTAT_SITES     64
#define LOCKSTAT_SECTIONS  40
#define LOCKSTAT_CPU_PAGES 2
#define LOCKSTAT_NAME      12
#define LOCKSTAT_SITE_NAME 32

/* Kinds of ways through the kernel, from entry to exit with interrupts off: system calls by number,
 * and these. A way that ends in another env's return to user mode counts for how it began. */
#define LOCKSTAT_SECTION_INTERRUPT (LOCKSTAT_SECTIONS - 2) /* also: an idle CPU that finds work */
#define LOCKSTAT_SECTION_EXCEPTION (LOCKSTAT_SECTIONS - 1)

/* Bucket b of a histogram counts times t with 2^b <= t < 2^(b+1); the first also 0, the last all
 * that is longer. */
struct lockstat_slot {
    uint32_t acquisitions;
    uint32_t contended;   /* had to wait */
    uint32_t handovers;   /* full: the lock's holder before was another CPU */
    uint32_t longest_run; /* full: so often did this CPU take one lock in a row; a maximum */
    uint64_t spins;       /* turns of waiting */
    uint64_t wait_ticks;  /* contended: from the first turn on; full: from the attempt on */
    uint64_t hold_ticks;  /* full */
    uint32_t wait[LOCKSTAT_BUCKETS]; /* of those that waited */
    uint32_t hold[LOCKSTAT_BUCKETS]; /* full */
};

/* A place in the kernel that takes a lock. Each CPU has a table of its own. */
struct lockstat_site {
    uint32_t address; /* 0: free entry */
    uint32_t slot;
    uint32_t acquisitions; /* full */
    uint32_t contended;
    uint64_t wait_ticks;
    uint64_t hold_ticks;           /* full */
    char name[LOCKSTAT_SITE_NAME]; /* "function+0x12" */
};

/* One way through the kernel; a maximum does not shrink. */
struct lockstat_section {
    uint32_t count;
    uint32_t longest; /* TSC ticks, at most UINT32_MAX */
};

struct lockstat_cpu {
    uint32_t seq;        /* odd while the CPU writes */
    uint32_t sites_lost; /* acquisitions at places that found no room in the table */
    uint32_t reserved[14];
    struct lockstat_slot slot[LOCKSTAT_SLOTS];
    struct lockstat_section section[LOCKSTAT_SECTIONS]; /* full */
    struct lockstat_site site[LOCKSTAT_SITES];
};

struct lockstat {
    uint32_t magic;
    uint32_t mode;
    uint32_t ncpus;
    uint32_t nslots; /* classes, and big */
    char name[LOCKSTAT_SLOTS][LOCKSTAT_NAME];
    uint32_t rank[LOCKSTAT_SLOTS]; /* big: 0 */
};

_Static_assert(sizeof(struct lockstat_slot) == 296, "as user space reads it");
_Static_assert(sizeof(struct lockstat_site) == 64, "as user space reads it");
_Static_assert(sizeof(struct lockstat_cpu) == 8032, "as user space reads it");
_Static_assert(sizeof(struct lockstat_cpu) <= LOCKSTAT_CPU_PAGES * PAGE_SIZE, "its pages");
_Static_assert(sizeof(struct lockstat) <= PAGE_SIZE, "the first page");

#endif

#endif
