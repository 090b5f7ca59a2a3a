/* Grain's system calls; see kernel.h. */
#include "libuser/jos/kernel.h"

#define ENV_FREE         GRAIN_ENV_FREE
#define ENV_DYING        GRAIN_ENV_DYING
#define ENV_RUNNABLE     GRAIN_ENV_RUNNABLE
#define ENV_RUNNING      GRAIN_ENV_RUNNING
#define ENV_NOT_RUNNABLE GRAIN_ENV_NOT_RUNNABLE
#include "grain/ipc.h"
#include "grain/syscall.h"
#include "grain/utcb.h"
#undef ENV_FREE
#undef ENV_DYING
#undef ENV_RUNNABLE
#undef ENV_RUNNING
#undef ENV_NOT_RUNNABLE

/* The serial line that the kernel's console is on, too (16550, received data and line status). */
#define SERIAL_DATA   0x3f8
#define SERIAL_STATUS 0x3fd
#define SERIAL_READY  0x01u

_Static_assert(UTOP == USER_TOP && UXSTACKTOP - 2 * PGSIZE == USER_STACK_TOP, "inc/memlayout.h");
_Static_assert(UTEXT == USER_TEXT && ULIM == KERNEL_BASE, "inc/memlayout.h");
_Static_assert(UVPT == UVPT_WINDOW && UVPD == UVPD_WINDOW && UENVS == ENVS_WINDOW,
               "inc/memlayout.h");
_Static_assert(NPDENTRIES == KERNEL_BASE / PTSIZE && PGSIZE == PAGE_SIZE, "inc/mmu.h");
_Static_assert((PTE_P | PTE_W | PTE_U | PTE_AVAIL) == (PERM_ALL & ~PERM_X), "inc/mmu.h");
_Static_assert((int)GRAIN_ENV_FREE == (int)ENV_FREE && (int)GRAIN_ENV_DYING == (int)ENV_DYING &&
                   (int)GRAIN_ENV_RUNNABLE == (int)ENV_RUNNABLE &&
                   (int)GRAIN_ENV_RUNNING == (int)ENV_RUNNING &&
                   (int)GRAIN_ENV_NOT_RUNNABLE == (int)ENV_NOT_RUNNABLE,
               "inc/env.h");
_Static_assert(NENV == ENV_MAX && sizeof(struct Env) == sizeof(struct env_public), "inc/env.h");
#define SAME_PLACE(theirs, ours)                                                        \
    _Static_assert(offsetof(struct Env, theirs) == offsetof(struct env_public, ours) && \
                       sizeof(((struct Env *)0)->theirs) ==                             \
                           sizeof(((struct env_public *)0)->ours),                      \
                   "struct Env is the public record")
SAME_PLACE(env_id, id);
SAME_PLACE(env_controller, controller);
SAME_PLACE(env_status, status);
SAME_PLACE(env_runs, runs);
SAME_PLACE(env_cpunum, cpu);
SAME_PLACE(env_priority, priority);
SAME_PLACE(env_aspace, aspace);
SAME_PLACE(env_time_us, time_us);
SAME_PLACE(env_pgfault_upcall, upcall);
SAME_PLACE(env_ipc_recving, ipc_receiving);
SAME_PLACE(env_ipc_dstva, ipc_dstva);
SAME_PLACE(env_ipc_value, ipc_value);
SAME_PLACE(env_ipc_from, ipc_from);
SAME_PLACE(env_ipc_perm, ipc_perm);
SAME_PLACE(env_parent_id, creator);
_Static_assert(sizeof(struct UTrapframe) == sizeof(struct env_upcall_frame), "inc/trap.h");
_Static_assert(T_SYSCALL == SYSCALL_VECTOR && SYS_env_create == 5 &&
                   (ENV_NEW_ASPACE | ENV_COPY_REGS) == 3,
               "sys_exofork in inc/lib.h");
_Static_assert(GRAIN_WRITE_MAX <= UTCB_BUF_WORDS * 4, "a piece fits one log_write");

/* What JOS has no number for. */
static int jos_error(int result)
{
    if (result == -E_QUOTA)
        return -E_NO_MEM;
    if (result == -E_DEAD)
        return -E_BAD_ENV;
    return result;
}

envid_t grain_self(void)
{
    return env_self();
}

uint32_t *grain_local(void)
{
    return utcb_local()->jos;
}

void grain_yield(void)
{
    yield();
}

/* Not by memcpy: the load may fault, and a handler of the program's own print. So the buffer, which that
 * uses, too, is filled from memory that has been looked at. */
void grain_write(const char *text, size_t len)
{
    char *out = (char *)utcb()->buf;

    for (size_t i = 0; i < len; i++)
        out[i] = text[i];
    (void)log_write(len); /* fails only where the limits forbid it */
}

int grain_read(void)
{
    uint32_t value;

    if (port_in(SERIAL_STATUS, 1, &value) < 0 || !(value & SERIAL_READY) ||
        port_in(SERIAL_DATA, 1, &value) < 0)
        return 0;
    return (int)value;
}

int grain_env_start(envid_t env)
{
    return env_start(env);
}

int grain_env_stop(envid_t env)
{
    return env_stop(env, 0);
}

int grain_env_destroy(envid_t env)
{
    return env_destroy(env, 0);
}

int grain_env_set_upcall(envid_t env, void *upcall)
{
    return env_set_upcall(env, (uintptr_t)upcall, UXSTACKTOP);
}

int grain_page_alloc(envid_t env, uintptr_t va, int perm)
{
    return jos_error(page_alloc(env, va, 1, (uint32_t)perm | PERM_X));
}

/* NOLINTNEXTLINE(readability-function-size): two envs, two addresses, pages, permissions */
int grain_page_map(envid_t src, uintptr_t srcva, envid_t dst, uintptr_t dstva, uint32_t pages,
                   int perm)
{
    return jos_error(page_map(src, srcva, dst, dstva | (uint32_t)perm | PERM_X, pages));
}

int grain_page_unmap(envid_t env, uintptr_t va)
{
    return page_unmap(env, va, 1);
}

int grain_page_protect(uintptr_t va, uint32_t pages, int perm)
{
    return page_protect(0, va, pages, (uint32_t)perm | PERM_X);
}

int grain_page_renew(uintptr_t va, int perm)
{
    return jos_error(page_copy(0, va, 0, va | (uint32_t)perm | PERM_X, 1));
}

int grain_page_refs(uintptr_t va)
{
    int info = page_info(0, va);

    return info < 0 ? info : (int)PAGE_INFO_REFS(info);
}

int grain_send(const struct grain_message *message)
{
    struct ipc_msg msg = {.w = {message->value}};
    uint32_t flags = IPC_OP_SEND;

    if (!message->waits)
        flags |= IPC_TRY;
    if (message->has_page) {
        flags |= IPC_PAGES;
        ipc_set_pages(message->va, 1, (uint32_t)message->perm | PERM_X);
    }
    return jos_error(ipc(flags, message->to, &msg));
}

int grain_receive(bool has_window, uintptr_t va)
{
    struct ipc_msg msg = {.w = {0}};
    uint32_t flags = IPC_OP_RECV | IPC_RECORD;

    if (has_window) {
        flags |= IPC_WINDOW;
        ipc_set_window(va, 1);
    }
    return jos_error(ipc(flags, 0, &msg));
}
