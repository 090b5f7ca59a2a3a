/* The system calls: the one list that the kernel's table, the stubs, the names in traces and the
 * page docs/syscalls.md follow.
 *
 * Calling convention. In: eax = number (for ipc also flags, abi/ipc.h); edx, ebx, esi, edi, ebp =
 * arguments 1 to 5. Out: eax = result, 0 or positive on success, a negated error (abi/errors.h)
 * else. Two entries:
 *   sysenter  by `call VSYS_ENTER`: ecx and edx are lost, ebx esi edi ebp are kept (an ipc returns
 *             the received words in them; of one that ends otherwise they are undefined).
 *   int 0x30  keeps all registers but eax (and those of an ipc).
 *
 * GRAIN_SYSCALL_LIST(X) expands X(number, name, arguments, "what it does").
 * `env` arguments: 0 means the caller itself. Structs are passed through the caller's message page
 * (abi/utcb.h, `buf`): the kernel never follows a user pointer.
 */
#ifndef GRAIN_ABI_SYSCALLS_H
#define GRAIN_ABI_SYSCALLS_H

#define SYSCALL_VECTOR 0x30

/* clang-format off */
#define GRAIN_SYSCALL_LIST(X)                                                                           \
    X( 0, null,               0, "does nothing: the cost of entering and leaving the kernel")           \
    X( 1, ipc,                5, "send, receive, call, reply-and-receive (abi/ipc.h)")                  \
    X( 2, yield,              0, "give the CPU to the next ready env of the same priority")             \
    X( 3, notify,             2, "(env, bits) or bits into an env's notification word")                 \
    X( 4, log_write,          1, "(bytes) print utcb->buf on the kernel's console")                     \
    X( 5, env_create,         4, "(flags, aspace_of, quota, bits) a new, stopped env; returns its id")  \
    X( 6, env_start,          1, "(env) let a stopped env run")                                         \
    X( 7, env_stop,           2, "(env, flags) stop it before its next user instruction")               \
    X( 8, env_destroy,        2, "(env, status) end it; its controller is told")                        \
    X( 9, env_reap,           1, "(env) free a dead env's slot; utcb->buf = how it died")               \
    X(10, env_read_regs,      1, "(env) utcb->buf = registers of a stopped env")                        \
    X(11, env_write_regs,     1, "(env) registers of a stopped env = utcb->buf")                        \
    X(12, env_set_pager,      2, "(env, pager) who gets its faults; 0: nobody")                         \
    X(13, env_set_controller, 3, "(env, controller, bits) hand it on")                                  \
    X(14, env_set_upcall,     3, "(env, eip, stack_top) its own page-fault handler; eip 0: none")       \
    X(15, env_set_sched,      3, "(env, priority, cpu) cpu SCHED_ANY_CPU: not pinned")                  \
    X(16, env_set_limits,     1, "(env) shrink its limits to utcb->buf")                                \
    X(17, env_attach,         1, "(env) serve that env's mailbox; 0: one's own again")                  \
    X(18, page_alloc,         4, "(env, va, pages, perm) map zeroed pages")                             \
    X(19, page_map,           5, "(src, srcva, dst, dstva | perm, pages) share pages")                  \
    X(20, page_unmap,         3, "(env, va, pages) unmap; silent where nothing is mapped")              \
    X(21, page_protect,       4, "(env, va, pages, perm) change the permissions of mapped pages")       \
    X(22, aspace_info,        1, "(env) utcb->buf = frames used and allowed, envs")                     \
    X(23, irq_attach,         2, "(line, bits) notify the caller of an interrupt line; bits 0: detach") \
    X(24, irq_ack,            1, "(line) unmask the line after an interrupt was served")                \
    X(25, port_in,            2, "(port, bytes) read an I/O port that the limits grant")                \
    X(26, port_out,           3, "(port, bytes, value) write an I/O port that the limits grant")        \
    X(27, kernel_info,        0, "utcb->buf = free frames, envs, counters (abi/sysinfo.h)")             \
    X(28, page_info,          2, "(env, va) a page's permissions and how often its frame is mapped")    \
    X(29, page_copy,          5, "(src, srcva, dst, dstva | perm, pages) map copies of pages")              \
    X(30, debug,              3, "(op, ...) test builds: check the kernel (abi/debug.h)")
/* clang-format on */

#ifndef __ASSEMBLER__
enum grain_syscall {
#define X(number, name, args, text) SYS_##name = (number),
    GRAIN_SYSCALL_LIST(X)
#undef X
        SYS_MAX
};
#else
#define SYS_null 0
#define SYS_ipc  1
#endif

/* env_create flags */
#define ENV_NEW_ASPACE 0x1u /* a fresh, empty address space; else that of `aspace_of` is shared */
#define ENV_COPY_REGS  0x2u /* starts with the caller's registers, eax = 0 (as exofork of JOS) */

/* env_stop flags */
#define ENV_STOP_ABORT 0x1u /* also cancel an ipc that it is blocked in (it returns -E_ABORTED) */

#define SCHED_PRIORITIES   8u /* 0 (lowest) to 7 */
#define SCHED_PRIO_DEFAULT 3u
#define SCHED_ANY_CPU      0xffffffffu

/* Result of page_info: 0 where nothing is mapped. The count is that of references to the frame, by
 * mappings in any address space and by messages on their way, PAGE_INFO_MANY at most. */
#define PAGE_INFO_PERM(r) ((uint32_t)(r)&0xfffu)
#define PAGE_INFO_REFS(r) ((uint32_t)(r) >> 12)
#define PAGE_INFO_MANY    0x7ffffu

/* Result of page_copy when it copied nothing: one page onto itself, whose frame is mapped nowhere else, keeps
 * it and gets the permissions. */
#define PAGE_COPY_KEPT 1

/* Most pages that one page_* call works on; a longer range is E_INVAL. */
#define PAGE_CALL_MAX 0x40000u

#endif
