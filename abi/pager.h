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
    PAGER_ANON,  /* zeroed on demand, private */
    PAGER_FILE,  /* from a bootfs file, private; beyond file_bytes zeroed */
    PAGER_STACK, /* as ANON; grows down on demand from end to start */
    PAGER_SHARED,
};

struct pager_region {
    uint32_t start, end; /* page aligned */
    uint32_t perm;       /* abi/perm.h */
    uint32_t kind;
    uint32_t file;       /* FILE: bootfs number. SHARED: key */
    uint32_t offset;     /* FILE: of start in the file, page aligned */
    uint32_t file_bytes; /* FILE: that come from it */
};
_Static_assert(sizeof(struct pager_region) == 28, "fits utcb->words");

enum pager_op {
    /* From init alone, first of all: struct process_start in utcb->words. */
    PAGER_SETUP = SERVER_OP(SERVER_PAGER, 1),

    /* From proc alone. `env` is any env of the address space. */
    PAGER_CREATE,  /* w1 = env: an empty space */
    PAGER_FORK,    /* w1 = parent's env, w2 = child's: all regions, copy-on-write */
    PAGER_CLEAR,   /* w1 = env: no regions, nothing mapped (exec) */
    PAGER_DESTROY, /* w1 = env, dead by now or not */
    PAGER_THREAD,  /* w1 = env, w2 = another of the same space */
    PAGER_UNTHREAD,/* w1 = env that has ended, while its space lives on */
    PAGER_REGION,  /* w1 = env, struct pager_region in utcb->words */
    PAGER_GIVE,    /* w1 = env, w2 = va; pages: go there (the first page of the stack) */

    /* From any process, for itself. */
    PAGER_MAP,           /* w1 = bytes, w2 = perm -> w1 = va. E_NO_MEM: no room, E_INVAL */
    PAGER_UNMAP,         /* w1 = va, w2 = bytes */
    PAGER_BREAK,         /* w1 = bytes to grow (or shrink, signed) -> w1 = the break before. E_NO_MEM */
    PAGER_SHARED_CREATE, /* w1 = bytes -> w1 = key */
    PAGER_SHARED_ATTACH, /* w1 = key, w2 = perm -> w1 = va, w2 = bytes */
    PAGER_STATS,         /* struct pager_stats in utcb->words */
};

struct pager_stats {
    uint32_t spaces, regions;
    uint32_t zeroed, loaded, copied, taken; /* faults served, by kind; taken: by the last sharer */
    uint32_t killed;
};

#endif
