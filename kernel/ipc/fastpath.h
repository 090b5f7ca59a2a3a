/* The short way through the commonest ipcs: a call to an env that waits on this CPU for anyone, and the
 * answer with the next receive. See docs/ipc.md.
 *
 * The message registers (ebx esi edi ebp) are not arguments: these functions, like all of C, leave them
 * as they were, and so the message is where the receiver expects it.
 */
#ifndef GRAIN_IPC_FASTPATH_H
#define GRAIN_IPC_FASTPATH_H

/* What entry.S does next. Low half, for eax: the id of the sender, as the receiver gets it; high half: the
 * receiver's stack pointer. Or in the low half one of these, or a negated error for the current env. */
#define FAST_NOT 0 /* nothing has happened: the whole way */
#define FAST_REST \
    0x80000000 /* the answer is taken, the rest is ipc_fast_rest's; high half: to whom */
#define FAST_ANSWER \
    0x80000001 /* who waits for the answer to its fault is claimed, the rest is ipc_fast_answer's; high half: who */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "kernel/compiler.h"

struct env;

/* Called by entry.S with interrupts off: eax, edx and ecx of the SYSENTER. The first two are for nothing but
 * the four words, and no timeout; the others also for more words, pages, and a window for pages. On
 * FAST_NOT eax, edx and ecx are in the registers of the current env. Unless there was a switch, the big
 * lock is held when they return. */
REGPARM uint64_t ipc_fast_call(uint32_t op, uint32_t partner, uint32_t esp);
REGPARM uint64_t ipc_fast_reply_recv(uint32_t op, uint32_t partner, uint32_t esp);
REGPARM uint64_t ipc_fast_call_more(uint32_t op, uint32_t partner, uint32_t esp);
REGPARM uint64_t ipc_fast_reply_recv_more(uint32_t op, uint32_t partner, uint32_t esp);

/* The call that a fault is: `self` is faulting, its message in fault_msg. Returns when it must go the whole
 * way. */
#if GRAIN_FASTPATH
void ipc_fast_fault(struct env *self, uint32_t pager);
#else
static inline void ipc_fast_fault(struct env *self, uint32_t pager)
{
    (void)self;
    (void)pager;
}
#endif

/* `to` has its message, and the current env has yet to receive. */
_Noreturn REGPARM void ipc_fast_rest(struct env *to);

/* `to` is claimed, for the reply of the current env, whose registers have the message, to its fault. */
_Noreturn REGPARM void ipc_fast_answer(struct env *to);
#endif

#endif
