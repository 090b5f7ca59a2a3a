/* Messages (abi/ipc.h): four words in registers, more words and pages through the UTCB.
 *
 * Every call returns what the system call returns: negative, a negated error (utcb()->ipc_phase
 * says whether of the send or of the receive phase); after a receive 0 for a notification, its bits
 * in w[0], else the sender's id, perhaps with IPC_EXTRA or-ed in: read it with ipc_sender(). After a
 * send alone 0. On an error *msg is undefined.
 *
 * More than the four words: put them into utcb()->words[] and pass IPC_SEND_WORDS(n); pages and
 * timeouts: the ipc_set_* functions, and the flag that each names. Only ipc() takes flags; the
 * named calls below it are its common combinations.
 */
#ifndef GRAIN_IPC_H
#define GRAIN_IPC_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/ipc.h"
#include "grain/compiler.h"
#include "grain/syscall.h"
#include "grain/utcb.h"

struct ipc_msg {
    uint32_t w[4]; /* w[0] is the label */
};

/* A flag for ipc(): n words of utcb()->words[] go along, IPC_WORDS_MAX at most. */
#define IPC_SEND_WORDS(n) ((uint32_t)(n) << IPC_WORDS_SHIFT)

/* The sender, from the positive result of a receive. */
static inline envid_t ipc_sender(int32_t result)
{
    return (envid_t)IPC_SENDER((uint32_t)result);
}

/* Whether more than the four words came: see utcb()->got_words, got_pages, got_perm. */
static inline bool ipc_has_extra(int32_t result)
{
    return result > 0 && ((uint32_t)result & IPC_EXTRA) != 0;
}

/* The one primitive. flags: an IPC_OP_* or the phases by themselves, and modifiers; partner: whom
 * to send to, and with IPC_CLOSED whom to receive from. msg: words out, and in after a receive.
 *
 * ebp may be the frame pointer, which no operand can name: the fourth word travels in ecx, which
 * the kernel does not keep, and is exchanged by hand. */
MUST_CHECK ALWAYS_INLINE int32_t ipc(uint32_t flags, envid_t partner, struct ipc_msg *msg)
{
    int32_t result;

    __asm__ volatile("pushl %%ebp\n\t"
                     "movl %%ecx, %%ebp\n\t"
                     "call vsys_enter\n\t"
                     "movl %%ebp, %%ecx\n\t"
                     "popl %%ebp"
                     : "=a"(result), "+d"(partner), "+b"(msg->w[0]), "+S"(msg->w[1]),
                       "+D"(msg->w[2]), "+c"(msg->w[3])
                     : "a"(SYS_ipc | flags)
                     : "memory", "cc");
    return result;
}

/* The same by int 0x30. */
MUST_CHECK ALWAYS_INLINE int32_t ipc_int(uint32_t flags, envid_t partner, struct ipc_msg *msg)
{
    int32_t result;

    __asm__ volatile("pushl %%ebp\n\t"
                     "movl %%ecx, %%ebp\n\t"
                     "int %[vector]\n\t"
                     "movl %%ebp, %%ecx\n\t"
                     "popl %%ebp"
                     : "=a"(result), "+b"(msg->w[0]), "+S"(msg->w[1]), "+D"(msg->w[2]),
                       "+c"(msg->w[3])
                     : "a"(SYS_ipc | flags), "d"(partner), [vector] "i"(SYSCALL_VECTOR)
                     : "memory", "cc");
    return result;
}

/* Sends; blocks until dest takes it. E_BAD_ENV, E_PERM (limits), E_ABORTED, E_DEAD. */
MUST_CHECK static inline int32_t ipc_send(envid_t dest, const struct ipc_msg *msg)
{
    struct ipc_msg copy = *msg;

    return ipc(IPC_OP_SEND, dest, &copy);
}

/* Sends if dest waits for it now. As above, and E_IPC_NOT_RECV: it does not. */
MUST_CHECK static inline int32_t ipc_try_send(envid_t dest, const struct ipc_msg *msg)
{
    struct ipc_msg copy = *msg;

    return ipc(IPC_OP_SEND | IPC_TRY, dest, &copy);
}

/* Waits for a message from anyone or a notification. E_ABORTED. */
MUST_CHECK static inline int32_t ipc_recv(struct ipc_msg *msg)
{
    return ipc(IPC_OP_RECV, 0, msg);
}

/* Waits for a message from partner alone; partner 0: for a notification alone.
 * E_BAD_ENV, E_DEAD (it ended while one waited), E_ABORTED. */
MUST_CHECK static inline int32_t ipc_recv_from(envid_t partner, struct ipc_msg *msg)
{
    return ipc(IPC_OP_RECV | IPC_CLOSED, partner, msg);
}

/* Sends to dest and waits for its answer, in *msg. Errors of ipc_send and ipc_recv_from. */
MUST_CHECK static inline int32_t ipc_call(envid_t dest, struct ipc_msg *msg)
{
    return ipc(IPC_OP_CALL, dest, msg);
}

/* Answers client (0: nobody) and waits for the next message from anyone. The answer never blocks
 * and is lost when client does not wait for it. Errors of ipc_recv. */
MUST_CHECK static inline int32_t ipc_reply_recv(envid_t client, struct ipc_msg *msg)
{
    return ipc(IPC_OP_REPLY_RECV, client, msg);
}

/* Answers client alone. Never blocks; E_IPC_NOT_RECV: client does not wait for it, and the answer is lost. */
MUST_CHECK static inline int32_t ipc_reply(envid_t client, const struct ipc_msg *msg)
{
    struct ipc_msg copy = *msg;

    return ipc(IPC_SEND | IPC_REPLY, client, &copy);
}

/* For IPC_PAGES: `pages` pages from va on (IPC_PAGES_MAX at most) go along, and are mapped with
 * perm at the receiver; IPC_MOVE in perm takes them away from the sender. */
static inline void ipc_set_pages(uintptr_t va, uint32_t pages, uint32_t perm)
{
    struct utcb *self = utcb();

    self->send_va = va;
    self->send_pages = pages;
    self->send_perm = perm;
}

/* For IPC_WINDOW: pages that come may be mapped from va on, `pages` at most. How many came, and
 * their permissions: utcb()->got_pages and got_perm, valid when the result has IPC_EXTRA. */
static inline void ipc_set_window(uintptr_t va, uint32_t pages)
{
    struct utcb *self = utcb();

    self->win_va = va;
    self->win_pages = pages;
}

/* For IPC_TIMED: how long each phase may wait, microseconds or IPC_NEVER; 0: not at all. */
static inline void ipc_set_timeouts(uint32_t send_us, uint32_t recv_us)
{
    struct utcb *self = utcb();

    self->send_us = send_us;
    self->recv_us = recv_us;
}

#endif
