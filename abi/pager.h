/* pager: the memory of processes. It is the pager of all their envs, and keeps a list of regions for
 * each address space; what is mapped where is in the page tables alone.
 *
 * A fault in a region gets its page: zeroed, from a file, copied (copy-on-write), or shared. A fault
 * outside, or against the region's rights, or that no memory is left for, ends the process.
 */
#ifndef GRAIN_ABI_PAGER_H
#define GRAIN_ABI_PAGER_H

#include "abi/server.h"

enum pager_kind {
    PAGER_ANON,   /* zeroed on demand, private */
    PAGER_FILE,   /* from a bootfs file, private; beyond file_bytes zeroed */
    PAGER_STACK,  /* as ANON; grows down on demand from end to start */
    PAGER_SHARED, /* not from proc: PAGER_SHARED_ATTACH */
};

struct pager_region {
    uint32_t start, end; /* page aligned */
    uint32_t perm;       /* abi/perm.h */
    uint32_t kind;
    uint32_t file;   /* FILE: bootfs number */
    uint32_t offset; /* FILE: of start in the file, page aligned. STACK: the lowest page mapped */
    uint32_t file_bytes; /* FILE: that come from it */
};
_Static_assert(sizeof(struct pager_region) == 28, "fits utcb->words");

enum pager_op {
    /* From init alone, first of all, and again when bootfs was started anew: struct process_start in
     * utcb->words. Whoever sends the first one is init. The answer comes when all workers are there. */
    PAGER_SETUP = SERVER_OP(SERVER_PAGER, 1),

    /* From proc alone. `env` is any env of the address space. E_BAD_ENV: not one of a process. */
    PAGER_CREATE, /* w1 = env: an empty space. E_NO_MEM: too many */
    PAGER_FORK, /* w1 = parent's env, w2 = child's: all regions, copy-on-write. E_NO_MEM, E_QUOTA */
    PAGER_CLEAR, /* w1 = env: no regions, nothing mapped, no requests of its other threads (exec) */
    /* w1 = env, dead or not: forgets the space -> w1 = 1 when a fault there found no memory */
    PAGER_DESTROY,
    PAGER_THREAD,   /* w1 = env, w2 = another of the same space */
    PAGER_UNTHREAD, /* w1 = env that has ended, while its space lives on */
    PAGER_REGION,   /* w1 = env, struct pager_region in utcb->words. E_INVAL, E_NO_MEM: too many */

    /* From any process, for itself. */
    /* w1 = bytes, w2 = perm, w3 = va or 0: anywhere -> w1 = va. E_NO_MEM: no room or too many regions,
     * E_BUSY: something is at va, E_INVAL */
    PAGER_MAP,
    PAGER_UNMAP, /* w1 = va, w2 = bytes. E_INVAL, E_NO_MEM: too many regions */
    /* w1 = bytes to grow (or shrink, signed) -> w1 = the break before. E_NO_MEM, E_INVAL */
    PAGER_BREAK,
    /* w1 = bytes -> w1 = key. Memory that lives as long as its creator's process, or anyone who has
     * attached it. E_INVAL, E_NO_MEM: more than PAGER_SHARED_MAX or too many */
    PAGER_SHARED_CREATE,
    /* w1 = key, w2 = perm -> w1 = va, w2 = bytes. Who knows the key may. E_INVAL: no such key */
    PAGER_SHARED_ATTACH,
    PAGER_STATS, /* -> struct pager_stats in utcb->words */
    PAGER_OP_END,
};

#define PAGER_SHARED_MAX (1u << 20) /* bytes of one object */

/* In the entries of pages that are copied when they are written to (of the PERM_AVAIL bits; for
 * people who look: the pager goes by region and reference count). */
#define PAGER_COPY_ON_WRITE 0x800u

struct pager_stats {
    uint32_t spaces, regions;
    uint32_t zeroed, loaded, copied, taken; /* faults served, by kind; taken: by the last sharer */
    uint32_t killed;                        /* processes whose fault was refused */
    uint32_t shared;                        /* objects */
};

#endif
