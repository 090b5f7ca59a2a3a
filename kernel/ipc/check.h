/* What user code may ask of an ipc: checks of the words that it chose. No state, no locks. */
#ifndef GRAIN_IPC_CHECK_H
#define GRAIN_IPC_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "kernel/compiler.h"
#include "kernel/mm/aspace.h"

/* A range of pages on its way. */
struct ipc_item {
    uint32_t va;
    uint32_t pages;
    uint32_t perm;
    bool move;
};

/* eax at entry: known flags that go together, not too many words. */
static inline bool ipc_op_is_valid(uint32_t op)
{
    if ((op & ~(0xffu | IPC_FLAGS_MASK | IPC_WORDS_MASK | IPC_RECORD)) != 0)
        return false;
    if (!(op & (IPC_SEND | IPC_RECV)) || (op & IPC_WORDS_MASK) >> IPC_WORDS_SHIFT > IPC_WORDS_MAX)
        return false;
    if (op & (IPC_REPLY | IPC_TRY | IPC_PAGES | IPC_WORDS_MASK) && !(op & IPC_SEND))
        return false;
    if (op & IPC_RECORD && op & (IPC_SEND | IPC_CLOSED))
        return false;
    return !(op & (IPC_CLOSED | IPC_WINDOW)) || op & IPC_RECV;
}

/* From the sender's words; -E_INVAL when they do not describe pages of user memory, at least one and
 * IPC_PAGES_MAX at most, or rights that cannot be given. */
MUST_CHECK static inline int ipc_item_make(uint32_t va, uint32_t pages, uint32_t perm,
                                           struct ipc_item *item)
{
    *item = (struct ipc_item){
        .va = va, .pages = pages, .perm = perm & ~IPC_MOVE, .move = (perm & IPC_MOVE) != 0};
    if (pages > IPC_PAGES_MAX || aspace_check_range(va, pages) != 0)
        return -E_INVAL;
    return aspace_check_perm(item->perm);
}

#endif
