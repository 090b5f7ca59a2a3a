/* pager: memory of processes. abi/pager.h is its protocol, docs/servers.md the way of its requests.
 *
 * Several workers, one for each CPU, serve one mailbox. A request that concerns a process is handled
 * by the worker that holds the gate of its space; a worker that finds a gate shut parks the request
 * there and goes on to the next: whoever holds the gate handles it, too. So nobody waits for a lock,
 * and what is done to one space is done one after the other.
 *
 * What is mapped where, and how often a frame is shared, the page tables know: a space has a list of
 * regions and nothing else. All tables have a fixed size. No reply carries pages and no receive has a
 * window, so a client can neither fill our memory nor change under our hands what we look at; it can
 * not make us wait either: replies never block, and the only server that is called is bootfs.
 */
#ifndef PAGER_PAGER_H
#define PAGER_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/pager.h"
#include "grain/ipc.h"
#include "grain/layout.h"

#define SPACES_MAX       256u
#define REGIONS_MAX      32u /* of a space */
#define WORKERS_MAX      9u
#define LOAD_PAGES       16u /* of a file, at once */
#define PAGES_WORDS_MAX  ((uint32_t)(sizeof(struct pager_region) / sizeof(uint32_t)))
#define SHARED_MAX       64u /* objects */
#define SHARED_OWNED_MAX 8u  /* of a process */

/* Where a process's memory may be: below the library's other areas (grain/layout.h). */
#define MAP_START 0x50000000u
#define MAP_END   0xb0000000u

/* In the pager's own space. */
#define WINDOWS_AREA 0x60000000u /* LOAD_PAGES each: where a worker looks at pages of others */
#define SHARED_AREA  0x70000000u /* PAGER_SHARED_MAX each: the pages of shared objects */

struct space {
    uint32_t gate; /* atomic; space.c */
    bool used;     /* atomic; changed with the gate held */

    /* With the gate held. */
    bool no_memory;   /* a fault found none */
    bool had_threads; /* so a fault of one may be looked at after another has ended */
    uint32_t threads;
    uint32_t brk;
    uint32_t owned; /* shared objects */
    uint32_t count;
    struct pager_region regions[REGIONS_MAX]; /* rising, without overlap */
};

/* A message that concerns a space. */
struct request {
    envid_t from;
    uint32_t w[4];
    uint32_t words; /* in region, from utcb->words */
    struct pager_region region;
};

/* A handler's answer, in w[]; w[0] is what the handler returned. */
struct answer {
    uint32_t w[4];
    uint32_t words;
};

/* Who the others are; set by PAGER_SETUP. Atomic. */
extern struct pager_servers {
    envid_t init, proc, bootfs;
} servers;

extern struct pager_stats stats; /* atomic counters */

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written */
static inline void count(uint32_t *counter, int32_t by)
{
    __atomic_fetch_add(counter, (uint32_t)by, __ATOMIC_RELAXED);
}

/* ---- space.c ---- */

/* The space that an env belongs to; NULL: none. May be another's by the time its gate is held. */
struct space *space_find(envid_t env);

/* An empty space, its gate held. NULL: there are no more. */
struct space *space_take(void);
/* Its last env is gone. The gate is held, and still is afterwards. */
void space_free(struct space *space);

/* The gate is held. */
void space_add_env(struct space *space, envid_t env);
void space_remove_env(struct space *space, envid_t env);
void space_remove_all(struct space *space);
/* All but `env` have been ended. They are the space's until proc says that they are gone, but what they asked
 * for last, which may still come, is not done any more. */
void space_end_others(struct space *space, envid_t env);
/* Whether env belongs to the space, and has not been ended. */
bool space_serves(const struct space *space, envid_t env);

/* Tries to become the one who works on the space. False: the request was parked there, or nothing is
 * to be done for it. */
bool space_enter(struct space *space, const struct request *request);

/* The holder has done one request. True: the next one, which he has to do. False: the gate is open. */
struct parked;
bool space_next(struct space *space, struct parked **list, struct request *request);

/* The gate of a space that was taken a moment ago. */
void space_leave(struct space *space);

/* ---- region.c: the gate is held. ---- */

struct pager_region *region_find(struct space *space, uint32_t va);
/* -E_INVAL: malformed; -E_BUSY: overlaps another; -E_NO_MEM: too many. */
int region_add(struct space *space, const struct pager_region *region) MUST_CHECK;
/* Takes [start, end) out of all regions, and splits those that are longer. -E_NO_MEM: too many. */
int region_cut(struct space *space, uint32_t start, uint32_t end) MUST_CHECK;
void region_clear(struct space *space);
/* Room for so many bytes and a free page on each side; 0: there is none. */
uint32_t region_room(const struct space *space, uint32_t bytes);

static inline uint32_t region_pages(const struct pager_region *region)
{
    return (region->end - region->start) / PAGE_SIZE;
}

/* Below it nothing is mapped: of a stack, `offset` says how far down that is (0: it is not used yet). */
static inline uint32_t region_mapped_from(const struct pager_region *region)
{
    if (region->kind != PAGER_STACK || region->offset < region->start)
        return region->kind != PAGER_STACK || region->offset != 0 ? region->start : region->end;
    return region->offset < region->end ? region->offset : region->end;
}

/* ---- The handlers, by call group. The gate of `space`, the one that is meant, is held. ---- */

typedef int pager_handler(struct space *space, const struct request *request,
                          struct answer *answer);

int fault_handle(struct space *space, const struct request *request); /* fault.c */

pager_handler process_fork, process_clear, process_destroy; /* process.c */
pager_handler process_thread, process_unthread, process_region;
int process_create(envid_t env);

pager_handler map_map, map_unmap, map_break; /* map.c */

pager_handler shared_make, shared_join; /* shared.c */
/* Maps an object's page, or all of a region's (va = its start, pages). */
int shared_map(envid_t env, const struct pager_region *region, uint32_t va, uint32_t pages);
/* One region more, or less, has the object. */
void shared_hold(uint32_t slot);
void shared_drop(uint32_t slot);
/* The objects that the space has created lose their creator. */
void shared_disown(struct space *space);

/* The calling worker's window. */
uintptr_t worker_window(void);
/* Lets that much time pass. */
void worker_sleep_us(uint32_t us);

#endif
