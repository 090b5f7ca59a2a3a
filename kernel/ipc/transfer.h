/* Moving one message between two envs that this CPU owns. */
#ifndef GRAIN_IPC_TRANSFER_H
#define GRAIN_IPC_TRANSFER_H

#include "abi/ipc.h"
#include "kernel/env.h"

/* Words and pages of `from`'s ipc into `to`, which waits. 0, or an error, and then nothing changed:
 * -E_INVAL (the sender's page range), -E_MSG_SIZE, -E_QUOTA, -E_NO_MEM (the receiver's side). */
int ipc_transfer(struct env *from, struct env *to) MUST_CHECK;

/* Its first half: words and pages, without the registers. IPC_EXTRA if there was any, else 0, or an
 * error. */
int ipc_transfer_words(const struct env *from, struct env *to) MUST_CHECK; /* without IPC_PAGES */
int ipc_transfer_pages(const struct env *from, struct env *to) MUST_CHECK; /* with it */
MUST_CHECK static inline int ipc_transfer_extras(const struct env *from, struct env *to)
{
    return from->ipc_op & IPC_PAGES ? ipc_transfer_pages(from, to) : ipc_transfer_words(from, to);
}

/* The fault that `e`, owned by this CPU, is telling its pager will not be resolved: it dies of it. */
void ipc_refuse_fault(struct env *e);

#endif
