/* What user code may ask of an ipc: checks of the words that it chose. No state, no locks. */
#ifndef GRAIN_IPC_CHECK_H
#define GRAIN_IPC_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/compiler.h"

/* A range of pages on its way. */
struct ipc_item {
    uint32_t va;
    uint32_t pages;
    uint32_t perm;
    bool move;
};

/* eax at entry: known flags that go together, not too many words. */
bool ipc_op_is_valid(uint32_t op);

/* From the sender's words; -E_INVAL when they do not describe pages of user memory, at least one and
 * IPC_PAGES_MAX at most, or rights that cannot be given. */
int ipc_item_make(uint32_t va, uint32_t pages, uint32_t perm, struct ipc_item *item) MUST_CHECK;

#endif
