/* Message transfer; see transfer.h. No env lock is held here. */
#include "kernel/ipc/transfer.h"

#include "abi/errors.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "kernel/ipc/check.h"
#include "kernel/mm/aspace.h"
#include "kernel/string.h"

/* The pages of `from` into the window of `to`. */
static int item_transfer(const struct env *from, struct env *to, const struct ipc_item *item)
{
    uint32_t *pins = this_cpu()->pins;
    int error;

    error = aspace_pin(from->aspace, item->va, item->pages, item->perm, pins);
    if (error != 0)
        return error;
    error = item->pages > to->win_pages
                ? -E_MSG_SIZE
                : aspace_insert(to->aspace, to->win_va, item->pages, item->perm, pins);
    if (error != 0) {
        aspace_unpin(pins, item->pages);
        return error;
    }
    /* Moved onto themselves they stay. */
    if (item->move && (from->aspace != to->aspace || item->va != to->win_va))
        aspace_unmap_pinned(from->aspace, item->va, item->pages, pins);
    return 0;
}

/* Words, and what the receiver is told of words and pages. */
static inline ALWAYS_INLINE int words_transfer(const struct env *from, struct env *to,
                                               uint32_t pages, uint32_t perm)
{
    uint32_t words = (from->ipc_op & IPC_WORDS_MASK) >> IPC_WORDS_SHIFT;
    struct utcb *utcb = to->utcb;

    if (to->faulting || (words | pages) == 0)
        return 0;
    utcb->got_words = words;
    utcb->got_pages = pages;
    utcb->got_perm = perm;
    if (words != 0)
        copy_words(utcb->words, from->utcb->words, words);
    return IPC_EXTRA;
}

int ipc_transfer_words(const struct env *from, struct env *to)
{
    return words_transfer(from, to, 0, 0);
}

int ipc_transfer_pages(const struct env *from, struct env *to)
{
    const struct utcb *utcb = from->utcb;
    struct ipc_item item;
    /* Each word read once: the page is shared with user code. */
    int error = ipc_item_make(READ_ONCE(utcb->send_va), READ_ONCE(utcb->send_pages),
                              READ_ONCE(utcb->send_perm), &item);

    if (error != 0)
        return error;
    if (!(to->ipc_op & IPC_WINDOW) || to->win_pages == 0)
        return words_transfer(from, to, 0, 0); /* the receiver wants none */
    error = item_transfer(from, to, &item);
    if (error != 0)
        return error;
    return words_transfer(from, to, item.pages, item.perm);
}

static void registers_transfer(const struct env *from, struct env *to)
{
    if (from->faulting) {
        to->regs.ebx = from->fault_msg[0];
        to->regs.esi = from->fault_msg[1];
        to->regs.edi = from->fault_msg[2];
        to->regs.ebp = from->fault_msg[3];
        return;
    }
    to->regs.ebx = from->regs.ebx;
    to->regs.esi = from->regs.esi;
    to->regs.edi = from->regs.edi;
    to->regs.ebp = from->regs.ebp;
}

void ipc_refuse_fault(struct env *e)
{
    e->faulting = false;
    e->fault_refused = true;
    atomic_fetch_or(&e->pending, PENDING_KILL);
}

/* The answer to a fault changes no register: the env goes on where it faulted, or ends. */
static void fault_answer(const struct env *from, struct env *to)
{
    if (from->regs.ebx == FAULT_RESUME)
        to->faulting = false;
    else
        ipc_refuse_fault(to);
}

/* For a receive with IPC_RECORD. got_perm was just written; only an env of the receiver's own address space
 * could change it. */
static void record_message(const struct env *from, struct env *to, int extra)
{
    struct env_public *public = to->public;

    public->ipc_receiving = 0;
    public->ipc_from = (envid_t)env_id(from);
    public->ipc_value = to->regs.ebx;
    public->ipc_perm = extra != 0 ? READ_ONCE(to->utcb->got_perm) & ~PERM_X : 0;
}

int ipc_transfer(struct env *from, struct env *to)
{
    int extra = 0;

    if (unlikely(from->ipc_op & (IPC_PAGES | IPC_WORDS_MASK)))
        extra = ipc_transfer_extras(from, to);
    if (extra < 0)
        return extra;
    if (unlikely(to->faulting)) {
        fault_answer(from, to);
        return 0;
    }
    registers_transfer(from, to);
    if (unlikely(to->ipc_op & IPC_RECORD))
        record_message(from, to, extra);
    to->regs.eax = env_id(from) | (uint32_t)extra;
    return 0;
}
