/* The message page of an env (UTCB, user thread control block): what user code and kernel share.
 *
 * One page an env, mapped by the kernel in UTCB_AREA. The word at THIS_UTCB (abi/layout.h) holds the
 * running env's own UTCB address: a read-only page that each CPU sees its own version of, so one load
 * is right whatever CPU it happens on. No thread segment is needed for it. The kernel reads each field
 * of a UTCB once and trusts none.
 */
#ifndef GRAIN_ABI_UTCB_H
#define GRAIN_ABI_UTCB_H

#include <stdint.h>

#include "abi/ipc.h"
#include "abi/layout.h"

#define UTCB_BUF_WORDS 320u

struct utcb {
    uint32_t self;      /* this env's id; written by the kernel at creation */
    uint32_t va;        /* user address of this page */
    uint32_t ipc_phase; /* after an error: IPC_PHASE_SEND or IPC_PHASE_RECV */
    uint32_t got_words; /* after IPC_EXTRA: words in words[] */
    uint32_t got_pages; /* after IPC_EXTRA: pages mapped from win_va on */
    uint32_t got_perm;  /* after IPC_EXTRA: their permissions (abi/perm.h) */
    uint32_t send_va;   /* IPC_PAGES: first page, page aligned */
    uint32_t send_pages;
    uint32_t send_perm; /* abi/perm.h, and IPC_MOVE */
    uint32_t win_va;    /* IPC_WINDOW: where pages may be mapped, page aligned */
    uint32_t win_pages;
    uint32_t send_us; /* IPC_TIMED: microseconds, or IPC_NEVER */
    uint32_t recv_us;
    uint32_t reserved[3];
    uint32_t words[IPC_WORDS_MAX]; /* message words 4 and up, both ways */
    uint32_t pad[4];
    uint32_t buf[UTCB_BUF_WORDS]; /* structs of system calls */
    uint32_t
        user[(PAGE_SIZE / 4) - 16 - IPC_WORDS_MAX - 4 - UTCB_BUF_WORDS]; /* the library's own */
};

_Static_assert(sizeof(struct utcb) == PAGE_SIZE, "a UTCB is one page");
_Static_assert(__builtin_offsetof(struct utcb, words) == 0x40, "message words start at 0x40");
_Static_assert(__builtin_offsetof(struct utcb, buf) == 0x140, "call buffer starts at 0x140");

#endif
