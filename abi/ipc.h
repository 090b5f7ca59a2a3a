/* The IPC primitive: an optional send phase, then an optional receive phase, in one system call.
 *
 * In:  eax = SYS_ipc | flags | (extra words << IPC_WORDS_SHIFT), edx = partner,
 *      ebx esi edi ebp = the four words of the message; by convention word 0 (ebx) is the label.
 * Out: eax < 0    a negated error; utcb->ipc_phase says in which phase, nothing was transferred in it
 *      eax = 0    after a send alone: sent. After a receive: a notification, its bits in ebx
 *      eax > 0    the sender's id, with IPC_EXTRA or-ed in when the message page holds more words
 *                 or pages came along (utcb->got_words, got_pages, got_perm)
 *
 * Send goes to `partner`. Receive takes a message from anyone (and notifications), or with
 * IPC_CLOSED from `partner` alone (an env that serves partner's mailbox counts as partner);
 * IPC_CLOSED with partner 0 waits for notifications alone.
 *
 * Errors. Send phase: E_BAD_ENV (no such env), E_PERM (limits), E_INVAL (flags, page range or
 * permissions), E_IPC_NOT_RECV (IPC_TRY and nobody waits), E_TIMEOUT, E_ABORTED, E_DEAD (the partner
 * died while one waited), E_NO_MEM, E_QUOTA (at the receiver), E_MSG_SIZE (pages do not fit the
 * receiver's window). Receive phase: E_BAD_ENV, E_TIMEOUT, E_ABORTED, E_DEAD, E_INVAL (window).
 * A failed send leaves the receiver waiting and both address spaces as they were.
 */
#ifndef GRAIN_ABI_IPC_H
#define GRAIN_ABI_IPC_H

#define IPC_SEND   0x0100u
#define IPC_RECV   0x0200u
#define IPC_CLOSED 0x0400u /* receive from `partner` alone */
#define IPC_REPLY \
    0x0800u                /* the send answers a call: it never blocks, and is lost when the partner
                              does not wait for it: without a receive phase that is E_IPC_NOT_RECV,
                              with one no error; partner 0: nothing to send */
#define IPC_TRY    0x1000u /* the send neither blocks nor gives up the CPU */
#define IPC_TIMED  0x2000u /* timeouts in utcb->send_us, recv_us */
#define IPC_PAGES  0x4000u /* pages go along: utcb->send_va, send_pages, send_perm */
#define IPC_WINDOW 0x8000u /* pages may come: utcb->win_va, win_pages */

#define IPC_RECORD \
    0x00400000u /* of a receive alone, from anyone: it and what came of it show in the public record */

#define IPC_WORDS_SHIFT 16
#define IPC_WORDS_MAX   60u /* words in the message page, beyond the four in registers */
#define IPC_FLAGS_MASK  0x0000ff00u
#define IPC_WORDS_MASK  0x003f0000u

#define IPC_OP_SEND       IPC_SEND
#define IPC_OP_RECV       IPC_RECV
#define IPC_OP_CALL       (IPC_SEND | IPC_RECV | IPC_CLOSED)
#define IPC_OP_REPLY_RECV (IPC_SEND | IPC_RECV | IPC_REPLY)

#define IPC_EXTRA     0x400u /* in the result: see utcb->got_* */
#define IPC_SENDER(r) ((r) & ~IPC_EXTRA)

#define IPC_NEVER      0xffffffffu /* a timeout: wait for ever */
#define IPC_PAGES_MAX  64u         /* pages of one message */
#define IPC_MOVE       0x1000u     /* in send_perm: take the pages away from the sender */
#define IPC_PHASE_SEND 1u
#define IPC_PHASE_RECV 2u

/* A fault as its pager sees it: a call by the faulting env with these four words. A reply whose
 * word 0 is FAULT_RESUME resumes it, with the pages of the reply mapped from the faulting page on;
 * any other reply ends the env. */
#define IPC_LABEL_FAULT \
    0xfa017000u /* word 0: label | vector; bits 8-11: low bits of the error code */
#define IPC_FAULT_VECTOR(w0) ((w0)&0xffu)
#define IPC_FAULT_ERROR(w0) \
    (((w0) >> 8) & 0xfu) /* page fault: 1 present, 2 write, 4 user, 8 reserved */
#define IPC_FAULT_IS(w0) (((w0)&0xfffff000u) == IPC_LABEL_FAULT)
#define IPC_FAULT_FETCH  0x1u /* in word 3: the fault was an instruction fetch */
#define FAULT_RESUME     0u
/* word 1: fault address (0 if none); word 2: eip; word 3: IPC_FAULT_FETCH or 0 */

#endif
