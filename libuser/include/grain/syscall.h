/* The system calls (abi/syscalls.h), one typed function each but for ipc (grain/ipc.h), and the
 * two generic entries below them.
 *
 * Conventions. `env` 0 means the caller. An address is an uintptr_t, page aligned; a length is a
 * number of pages; perm is of abi/perm.h. A call that fails returns a negated number of
 * abi/errors.h and has done nothing. Any call returns -E_PERM when the env's limits forbid it.
 * "may act on": the caller is env itself, its controller, or an env of the same address space.
 */
#ifndef GRAIN_SYSCALL_H
#define GRAIN_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/errors.h"
#include "abi/perm.h"
#include "abi/syscalls.h"
#include "abi/sysinfo.h"
#include "grain/compiler.h"
#include "grain/utcb.h"

/* ---- The entry by sysenter: ecx and edx are lost. ----
 * vsys_enter is an absolute symbol of user.ld. ebp may be the frame pointer, which no operand can
 * name, so the fifth argument travels in ecx and ebp is saved by hand. */

ALWAYS_INLINE int32_t syscall0(uint32_t number)
{
    int32_t result;

    __asm__ volatile("call vsys_enter" : "=a"(result) : "a"(number) : "ecx", "edx", "memory", "cc");
    return result;
}

ALWAYS_INLINE int32_t syscall1(uint32_t number, uint32_t a)
{
    int32_t result;

    __asm__ volatile("call vsys_enter"
                     : "=a"(result), "+d"(a)
                     : "a"(number)
                     : "ecx", "memory", "cc");
    return result;
}

ALWAYS_INLINE int32_t syscall2(uint32_t number, uint32_t a, uint32_t b)
{
    int32_t result;

    __asm__ volatile("call vsys_enter"
                     : "=a"(result), "+d"(a)
                     : "a"(number), "b"(b)
                     : "ecx", "memory", "cc");
    return result;
}

ALWAYS_INLINE int32_t syscall3(uint32_t number, uint32_t a, uint32_t b, uint32_t c)
{
    int32_t result;

    __asm__ volatile("call vsys_enter"
                     : "=a"(result), "+d"(a)
                     : "a"(number), "b"(b), "S"(c)
                     : "ecx", "memory", "cc");
    return result;
}

ALWAYS_INLINE int32_t syscall4(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    int32_t result;

    __asm__ volatile("call vsys_enter"
                     : "=a"(result), "+d"(a)
                     : "a"(number), "b"(b), "S"(c), "D"(d)
                     : "ecx", "memory", "cc");
    return result;
}

/* NOLINTNEXTLINE(readability-function-size): the number and five arguments */
ALWAYS_INLINE int32_t syscall5(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                               uint32_t e)
{
    int32_t result;

    __asm__ volatile("pushl %%ebp\n\t"
                     "movl %%ecx, %%ebp\n\t"
                     "call vsys_enter\n\t"
                     "popl %%ebp"
                     : "=a"(result), "+d"(a), "+c"(e)
                     : "a"(number), "b"(b), "S"(c), "D"(d)
                     : "memory", "cc");
    return result;
}

/* ---- The entry by int 0x30: keeps every register but eax. ---- */

/* NOLINTNEXTLINE(readability-function-size): the number and five arguments */
ALWAYS_INLINE int32_t syscall5_int(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                                   uint32_t e)
{
    int32_t result;

    __asm__ volatile("pushl %%ebp\n\t"
                     "movl %%ecx, %%ebp\n\t"
                     "int %[vector]\n\t"
                     "popl %%ebp"
                     : "=a"(result)
                     : "a"(number), "d"(a), "b"(b), "S"(c), "D"(d),
                       "c"(e), [vector] "i"(SYSCALL_VECTOR)
                     : "memory", "cc");
    return result;
}

/* Does not touch the stack, which env_create with ENV_COPY_REGS needs (process.h, dumbfork). */
ALWAYS_INLINE int32_t syscall4_int(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    int32_t result;

    __asm__ volatile("int %[vector]"
                     : "=a"(result)
                     : "a"(number), "d"(a), "b"(b), "S"(c), "D"(d), [vector] "i"(SYSCALL_VECTOR)
                     : "memory", "cc");
    return result;
}

/* ---- The caller itself. ---- */

/* Enters and leaves the kernel. Returns 0. */
static inline int null_call(void)
{
    return syscall0(SYS_null);
}

/* Gives the CPU to the next ready env of the same priority on it, if there is one. */
static inline void yield(void)
{
    (void)syscall0(SYS_yield);
}

/* Prints the first `bytes` bytes of utcb->buf on the kernel's console, as one piece.
 * E_INVAL: more than the buffer holds. */
MUST_CHECK static inline int log_write(uint32_t bytes)
{
    return syscall1(SYS_log_write, bytes);
}

/* Ors bits into env's notification word, which its next receive from anyone, or closed receive
 * from 0, takes (grain/notify.h). Never blocks, never lost. E_BAD_ENV, E_PERM (limits). */
MUST_CHECK static inline int notify(envid_t env, uint32_t bits)
{
    return syscall2(SYS_notify, (uint32_t)env, bits);
}

/* ---- Envs. E_BAD_ENV: there is no such env, or the caller may not act on it. ---- */

/* A new env, stopped, its registers zero, controlled by the caller.
 * flags: ENV_NEW_ASPACE for an empty address space, limited to `quota` frames (0: the frames of the
 *   creator's limits), else it shares that of `aspace_of`; ENV_COPY_REGS not here, see env_create_copy.
 * bits: what the controller is notified of when the env ends. The slot then stays, dead, until
 *   env_reap; with bits 0 it is free at once and nobody is told.
 * Returns the id. E_NO_FREE_ENV, E_NO_MEM, E_QUOTA, E_INVAL (flags), E_BAD_ENV (aspace_of),
 * E_PERM (quota above the limits). */
MUST_CHECK static inline envid_t env_create(uint32_t flags, envid_t aspace_of, uint32_t quota,
                                            uint32_t bits)
{
    return syscall4(SYS_env_create, flags, (uint32_t)aspace_of, quota, bits);
}

/* The same with the caller's registers, but eax = 0: the new env, once it has memory and is
 * started, returns 0 from this call. Inline and by int 0x30: a return address on the stack would
 * be overwritten before the stack is copied for the child. */
MUST_CHECK ALWAYS_INLINE envid_t env_create_copy(uint32_t flags, envid_t aspace_of, uint32_t quota,
                                                 uint32_t bits)
{
    return syscall4_int(SYS_env_create, flags | ENV_COPY_REGS, (uint32_t)aspace_of, quota, bits);
}

/* Lets a stopped env run; takes back an env_stop that has not yet come into effect. E_BAD_ENV. */
MUST_CHECK static inline int env_start(envid_t env)
{
    return syscall1(SYS_env_start, (uint32_t)env);
}

/* Stops env before its next user instruction. On return it is stopped, unless it is blocked in an ipc:
 * then it will be when that is over. flags: ENV_STOP_ABORT also cancels an ipc that it is blocked in.
 * E_BAD_ENV, E_INVAL (flags). */
MUST_CHECK static inline int env_stop(envid_t env, uint32_t flags)
{
    return syscall2(SYS_env_stop, (uint32_t)env, flags);
}

/* Ends env; its controller learns `status`. Does not return when env is the caller. E_BAD_ENV. */
MUST_CHECK static inline int env_destroy(envid_t env, uint32_t status)
{
    return syscall2(SYS_env_destroy, (uint32_t)env, status);
}

/* Frees the slot of a dead env whose controller is of the caller's address space. death, unless
 * NULL, receives how it ended. E_BAD_ENV; E_BUSY: it is not dead. */
MUST_CHECK static inline int env_reap(envid_t env, struct env_death *death)
{
    int result = syscall1(SYS_env_reap, (uint32_t)env);

    if (result >= 0 && death != NULL)
        *death = *(const struct env_death *)(const void *)utcb()->buf;
    return result;
}

/* Registers of a stopped env. E_BAD_ENV; E_BUSY: it is not stopped. */
MUST_CHECK static inline int env_read_regs(envid_t env, struct env_regs *regs)
{
    int result = syscall1(SYS_env_read_regs, (uint32_t)env);

    if (result >= 0)
        *regs = *(const struct env_regs *)(const void *)utcb()->buf;
    return result;
}

/* Sets them; of eflags only the arithmetic flags, direction and trap count. Errors as above. */
MUST_CHECK static inline int env_write_regs(envid_t env, const struct env_regs *regs)
{
    *(struct env_regs *)(void *)utcb()->buf = *regs;
    return syscall1(SYS_env_write_regs, (uint32_t)env);
}

/* Who gets env's faults as messages (abi/ipc.h); 0: nobody. The pager may also map into env.
 * E_BAD_ENV (either), E_PERM (limits: the caller may not send to the pager). */
MUST_CHECK static inline int env_set_pager(envid_t env, envid_t pager)
{
    return syscall2(SYS_env_set_pager, (uint32_t)env, (uint32_t)pager);
}

/* Hands env to a new controller, which is notified of `bits` when env ends. E_BAD_ENV (either), E_INVAL:
 * the controller is env itself or one that env is above, E_PERM (limits: the caller may not send there). */
MUST_CHECK static inline int env_set_controller(envid_t env, envid_t controller, uint32_t bits)
{
    return syscall3(SYS_env_set_controller, (uint32_t)env, (uint32_t)controller, bits);
}

/* env's own fault handler: the kernel pushes a struct env_upcall_frame below stack_top and goes on
 * at eip. eip 0: none. E_BAD_ENV, E_INVAL (addresses). */
MUST_CHECK static inline int env_set_upcall(envid_t env, uintptr_t eip, uintptr_t stack_top)
{
    return syscall3(SYS_env_set_upcall, (uint32_t)env, eip, stack_top);
}

/* priority: 0 (lowest) to SCHED_PRIORITIES - 1; cpu: pins env there, SCHED_ANY_CPU sets it free.
 * E_BAD_ENV, E_INVAL (no such priority or CPU), E_PERM (priority above the limits'). */
MUST_CHECK static inline int env_set_sched(envid_t env, uint32_t priority, uint32_t cpu)
{
    return syscall3(SYS_env_set_sched, (uint32_t)env, priority, cpu);
}

/* Shrinks what env may do; frames 0 leaves the quota as it is. E_BAD_ENV; E_BUSY: it is neither the
 * caller nor stopped; E_PERM: these limits allow something that its own do not; E_INVAL. */
MUST_CHECK static inline int env_set_limits(envid_t env, const struct env_limits *limits)
{
    *(struct env_limits *)(void *)utcb()->buf = *limits;
    return syscall1(SYS_env_set_limits, (uint32_t)env);
}

/* From now on the caller receives what is sent to env, an env of its address space, beside it;
 * 0: its own mailbox again. E_BAD_ENV, E_BUSY (env itself serves another's, or
 * somebody waits at the caller's own mailbox). */
MUST_CHECK static inline int env_attach(envid_t env)
{
    return syscall1(SYS_env_attach, (uint32_t)env);
}

/* ---- Memory. env's pager may call these too. pages: at most PAGE_CALL_MAX. ----
 * E_INVAL: not aligned, not below USER_TOP, or perm lacks P or U or has bits outside PERM_ALL. */

/* Maps fresh zeroed pages, in place of what was there. E_BAD_ENV, E_INVAL, E_NO_MEM, E_QUOTA. */
MUST_CHECK static inline int page_alloc(envid_t env, uintptr_t va, uint32_t pages, uint32_t perm)
{
    return syscall4(SYS_page_alloc, (uint32_t)env, va, pages, perm);
}

/* Maps src's pages from srcva on into dst, shared, not copied, in place of what was there. Ranges that overlap in
 * one space are done in steps of some pages, from the beginning. dst_perm:
 * the address there, and in its low bits the permissions: `dstva | perm`. E_BAD_ENV (either), E_NO_MEM, E_QUOTA (dst's), E_INVAL: as above, a source page is not
 * mapped, or perm asks for writing where the source has none. */
MUST_CHECK static inline int page_map(envid_t src, uintptr_t srcva, envid_t dst, uintptr_t dst_perm,
                                      uint32_t pages)
{
    return syscall5(SYS_page_map, (uint32_t)src, srcva, (uint32_t)dst, dst_perm, pages);
}

/* The same with copies of the pages: the source may be read-only where the copy is writable. One page may be
 * copied onto itself, so that nobody else has its frame: PAGE_COPY_KEPT when that is so already. */
MUST_CHECK static inline int page_copy(envid_t src, uintptr_t srcva, envid_t dst,
                                       uintptr_t dst_perm, uint32_t pages)
{
    return syscall5(SYS_page_copy, (uint32_t)src, srcva, (uint32_t)dst, dst_perm, pages);
}

/* page_map and page_protect with PERM_HOLES in perm pass over pages of the range that are not mapped:
 * what is mapped in a region, in one call. */

/* Unmaps; silent where nothing is mapped. E_BAD_ENV, E_INVAL. */
MUST_CHECK static inline int page_unmap(envid_t env, uintptr_t va, uint32_t pages)
{
    return syscall3(SYS_page_unmap, (uint32_t)env, va, pages);
}

/* Changes the permissions of mapped pages. E_BAD_ENV, E_INVAL: as above, a page is not mapped, or
 * perm asks for writing where there is none now, which only a controller or pager from another
 * address space may give, and only where the frame is mapped nowhere else. */
MUST_CHECK static inline int page_protect(envid_t env, uintptr_t va, uint32_t pages, uint32_t perm)
{
    return syscall4(SYS_page_protect, (uint32_t)env, va, pages, perm);
}

/* The page at va: read it with PAGE_INFO_PERM and PAGE_INFO_REFS (abi/syscalls.h); 0: not mapped.
 * E_BAD_ENV, E_INVAL. */
MUST_CHECK static inline int page_info(envid_t env, uintptr_t va)
{
    return syscall2(SYS_page_info, (uint32_t)env, va);
}

/* What env's address space uses. E_BAD_ENV. */
MUST_CHECK static inline int aspace_info(envid_t env, struct aspace_usage *usage)
{
    int result = syscall1(SYS_aspace_info, (uint32_t)env);

    if (result >= 0)
        *usage = *(const struct aspace_usage *)(const void *)utcb()->buf;
    return result;
}

/* ---- Devices. E_PERM: not granted by the limits. ---- */

/* From now on an interrupt on `line` notifies the caller of bits; bits 0: no more. The line starts
 * unmasked and is masked by each interrupt until irq_ack. E_INVAL, E_PERM, E_BUSY (another's). */
MUST_CHECK static inline int irq_attach(uint32_t line, uint32_t bits)
{
    return syscall2(SYS_irq_attach, line, bits);
}

/* The interrupt was served: unmasks the line. E_INVAL (no such line, or it is not attached to the
 * caller), E_PERM. */
MUST_CHECK static inline int irq_ack(uint32_t line)
{
    return syscall1(SYS_irq_ack, line);
}

/* Reads 1, 2 or 4 bytes into *value. E_INVAL (bytes), E_PERM. */
MUST_CHECK static inline int port_in(uint16_t port, uint32_t bytes, uint32_t *value)
{
    int result = syscall2(SYS_port_in, port, bytes);

    if (result < 0)
        return result;
    *value = utcb()->buf[0];
    return 0;
}

/* Writes 1, 2 or 4 bytes. E_INVAL (bytes), E_PERM. */
MUST_CHECK static inline int port_out(uint16_t port, uint32_t bytes, uint32_t value)
{
    return syscall3(SYS_port_out, port, bytes, value);
}

/* ---- The system. ---- */

/* Counters, at this moment. Returns 0. */
static inline int kernel_info(struct kernel_counters *counters)
{
    int result = syscall0(SYS_kernel_info);

    if (result >= 0)
        *counters = *(const struct kernel_counters *)(const void *)utcb()->buf;
    return result;
}

#endif
