/* The JOS user API (MIT 6.828, lab 4), on Grain: docs/from-jos.md says what is where and what differs.
 *
 * A program defines umain(); it begins as an env with its text and data, one page of stack, and the rights
 * over itself and the envs it makes. env arguments: 0 is the caller; E_BAD_ENV: there is no such env, or it is
 * neither oneself nor an immediate child.
 */
#ifndef JOS_INC_LIB_H
#define JOS_INC_LIB_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/stdarg.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/trap.h>
#include <inc/types.h>

#define USED(x) (void)(x)

/* The program's own. */
void umain(int argc, char **argv);

/* What panic() says the program is called. */
extern const char *binaryname;

/* The table of envs: the entry of an id is that env's only while its env_id is the same. */
extern const volatile struct Env envs[NENV];

/* One's own entry: right in every env, in a child of fork or sfork, too, without being set. It can be
 * assigned to, as programs do after sys_exofork, which has no effect. */
#define thisenv (*jos_thisenv())
const volatile struct Env **jos_thisenv(void);

void exit(void);

/* ---- Page faults. ---- */

/* From now on handler runs for each page fault, on the exception stack, which is allocated where there is
 * none; then the instruction is tried again. */
void set_pgfault_handler(void (*handler)(struct UTrapframe *utf));
/* What it tells the kernel to enter: calls the handler, and goes back to where the fault was. */
void _pgfault_upcall(void);

/* ---- System calls. ---- */

/* Prints len bytes. Memory that the caller cannot read ends it. */
void sys_cputs(const char *string, size_t len);
/* A character from the console; 0: there is none. */
int sys_cgetc(void);
envid_t sys_getenvid(void);
/* Ends env. E_BAD_ENV. */
int sys_env_destroy(envid_t env);
void sys_yield(void);
/* ENV_RUNNABLE or ENV_NOT_RUNNABLE; of no effect on an env that waits in sys_ipc_recv. E_BAD_ENV, E_INVAL
 * (status). */
int sys_env_set_status(envid_t env, int status);
/* E_BAD_ENV. */
int sys_env_set_pgfault_upcall(envid_t env, void *upcall);
/* A zeroed page at pg, in place of what was there. perm: PTE_U and PTE_P, and of PTE_SYSCALL.
 * E_BAD_ENV, E_INVAL (perm, pg not aligned or not below UTOP), E_NO_MEM. */
int sys_page_alloc(envid_t env, void *pg, int perm);
/* The page at src_pg also at dst_pg, in place of what was there. As above, and E_INVAL: nothing is mapped
 * there, or PTE_W for a page that is read-only there. */
int sys_page_map(envid_t src_env, void *src_pg, envid_t dst_env, void *dst_pg, int perm);
/* Silent where nothing is mapped. E_BAD_ENV, E_INVAL. */
int sys_page_unmap(envid_t env, void *pg);
/* To anyone who waits in sys_ipc_recv now; pg at or above UTOP: no page. E_BAD_ENV, E_IPC_NOT_RECV,
 * E_INVAL (as sys_page_map), E_NO_MEM. After an error the receiver waits on. */
int sys_ipc_try_send(envid_t to_env, uint32_t value, void *pg, int perm);
/* Waits for a message; rcv_pg below UTOP: a page may be mapped there. What came is in thisenv->env_ipc_*.
 * E_INVAL (rcv_pg not aligned). */
int sys_ipc_recv(void *rcv_pg);

/* A new env with the caller's registers and nothing mapped, not runnable. Its id, and 0 in the new env.
 * E_NO_FREE_ENV, E_NO_MEM. Inline: a return address would be gone from the stack by the time the child
 * has one. (Grain's env_create: ENV_NEW_ASPACE | ENV_COPY_REGS, by its gate, which keeps registers.) */
static inline envid_t __attribute__((always_inline)) sys_exofork(void)
{
    envid_t ret;

    __asm__ volatile("int %1"
                     : "=a"(ret)
                     : "i"(T_SYSCALL), "a"(5), "d"(3), "b"(0), "S"(0), "D"(0)
                     : "cc", "memory");
    return ret;
}

/* ---- Messages. ---- */

/* Waits until to_env takes it, in the kernel's queue; pg NULL: no page. Panics on any error. */
void ipc_send(envid_t to_env, uint32_t value, void *pg, int perm);
/* The value that came. from_env_store, perm_store: may be NULL, and get 0 on an error, which is returned. */
int32_t ipc_recv(envid_t *from_env_store, void *pg, int *perm_store);
/* The first env of that type, or 0. */
envid_t ipc_find_env(enum EnvType type);

/* ---- Copies. ---- */

/* Among PTE_AVAIL. */
#define PTE_COW   0x800 /* to be copied when it is written */
#define PTE_SHARE 0x400 /* the name alone: fork and sfork take no notice of it, as in lab 4 */

/* A copy of the env, copy-on-write. The child's id, 0 in the child; E_NO_FREE_ENV, E_NO_MEM. */
envid_t fork(void);
/* The same, but all is shared, save the stack and the exception stack. */
envid_t sfork(void);

/* How a file may be opened: names for the lab that has files. */
#define O_RDONLY  0x0000
#define O_WRONLY  0x0001
#define O_RDWR    0x0002
#define O_ACCMODE 0x0003
#define O_CREAT   0x0100
#define O_TRUNC   0x0200
#define O_EXCL    0x0400
#define O_MKDIR   0x0800

#endif
