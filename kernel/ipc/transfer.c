/* Message transfer; see transfer.h. No env lock is held here. */
#include "kernel/ipc/transfer.h"

#include "abi/errors.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "kernel/ipc/check.h"
#include "kernel/mm/aspace.h"
#include "kernel/string.h"

/* The sender's page item, read once: its page is shared with user code. */
static int item_read(const struct env *from, struct ipc_item *item)
{
    return ipc_item_make(READ_ONCE(from->utcb->send_va), READ_ONCE(from->utcb->send_pages),
                         READ_ONCE(from->utcb->send_perm), item);
}

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

static uint32_t words_transfer(const struct env *from, struct env *to)
{
    uint32_t words = (from->ipc_op & IPC_WORDS_MASK) >> IPC_WORDS_SHIFT;

    if (words != 0)
        memcpy(to->utcb->words, from->utcb->words, words * sizeof(uint32_t));
    return words;
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

int ipc_transfer(struct env *from, struct env *to)
{
    struct ipc_item item = {.pages = 0};
    uint32_t words;
    uint32_t extra = 0;
    int error;

    if (from->ipc_op & IPC_PAGES) {
        error = item_read(from, &item);
        if (error != 0)
            return error;
        if (!(to->ipc_op & IPC_WINDOW) || to->win_pages == 0)
            item.pages = 0; /* the receiver wants none */
        else
            error = item_transfer(from, to, &item);
        if (error != 0)
            return error;
    }
    if (to->faulting) {
        fault_answer(from, to);
        return 0;
    }
    words = words_transfer(from, to);
    if (words != 0 || item.pages != 0) {
        to->utcb->got_words = words;
        to->utcb->got_pages = item.pages;
        to->utcb->got_perm = item.pages != 0 ? item.perm : 0;
        extra = IPC_EXTRA;
    }
    registers_transfer(from, to);
    to->regs.eax = env_id(from) | extra;
    return 0;
}
