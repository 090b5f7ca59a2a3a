/* One's own message page (abi/utcb.h).
 *
 * utcb->buf carries the structs of system calls: every function of the library may overwrite it.
 * The stubs of grain/syscall.h copy into and out of it, so programs seldom touch it.
 */
#ifndef GRAIN_UTCB_H
#define GRAIN_UTCB_H

#include <stdint.h>

#include "abi/env.h"
#include "abi/utcb.h"

#define UTCB_OUT_SIZE 1024u

/* How the library uses utcb->user: what each env must have for itself. Zero in a new env. */
struct utcb_local {
    uint32_t notified; /* notification bits received but not yet asked for (grain/notify.h) */
    uint32_t pid;      /* one's process; 0: not asked for yet */
    uint32_t out_len;
    char out[UTCB_OUT_SIZE]; /* standard output, the line begun (stdio.h) */
    uint32_t jos[16];        /* the JOS user API's own */
    uint32_t program[32];    /* the program's own: the library leaves it alone */
};
_Static_assert(sizeof(struct utcb_local) <= sizeof(((struct utcb *)0)->user), "fits the UTCB");

/* Volatile, because the answer changes under a function that returns twice, in two envs (dumbfork). */
static inline struct utcb *utcb(void)
{
    return *(struct utcb *const volatile *)THIS_UTCB;
}

static inline struct utcb_local *utcb_local(void)
{
    return (struct utcb_local *)(void *)utcb()->user;
}

/* One's own id, without a system call. */
static inline envid_t env_self(void)
{
    return (envid_t)utcb()->self;
}

/* Which of the address space's UTCB_SLOTS message pages is one's own: distinguishes the envs of an
 * address space by a small number. */
static inline uint32_t utcb_slot(void)
{
    return (utcb()->va - UTCB_AREA) / UTCB_SIZE;
}

#endif
