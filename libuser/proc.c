/* The client side of proc: <unistd.h>, <sys/wait.h>, grain/process.h.
 *
 * Locks: the heap's during a fork, so that the child gets it whole; args_mutex for the pages in which
 * arguments travel.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grain/mutex.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "libuser/internal.h"

#define BOOTFS_TRIES 8u /* init does not start a server again that often */

#define ARGS_BYTES (PROC_ARGS_PAGES_MAX * PAGE_SIZE)

static struct mutex args_mutex = MUTEX_INITIAL;
static char args_pages[ARGS_BYTES] __attribute__((aligned(PAGE_SIZE)));
static enum { NOT_ASKED, MANAGED, BARE } managed;

/* ---- Who we are. ---- */

static int ask_pids(struct ipc_msg *msg)
{
    *msg = (struct ipc_msg){.w = {PROC_GETPID}};
    return server_call(SERVER_PROC, 0, msg, NULL);
}

/* Kept in the message page, which a forked child has another of. */
pid_t getpid(void)
{
    struct utcb_local *local = utcb_local();
    struct ipc_msg msg;

    if (local->pid == 0) {
        int error = ask_pids(&msg);

        if (error < 0)
            return error;
        local->pid = msg.w[1];
    }
    return (pid_t)local->pid;
}

pid_t getppid(void)
{
    struct ipc_msg msg;
    int error = ask_pids(&msg);

    return error < 0 ? error : (pid_t)msg.w[2];
}

/* In a child it is as in its parent: nobody has to be asked again. */
bool process_is_managed(void)
{
    if (!server_exists(SERVER_PROC))
        return false;
    if (managed == NOT_ASKED)
        managed = getpid() > (pid_t)PROC_PID_INIT ? MANAGED : BARE;
    return managed == MANAGED;
}

/* ---- Programs. ---- */

static bool args_add(struct proc_args *args, const char *text)
{
    size_t size = strlen(text) + 1;
    uint32_t at = (uint32_t)sizeof(*args) + args->bytes;

    if (size > ARGS_BYTES - at)
        return false;
    memcpy(args_pages + at, text, size);
    args->bytes += size;
    return true;
}

static bool args_add_all(struct proc_args *args, char *const *list, uint32_t *count)
{
    for (*count = 0; list != NULL && list[*count] != NULL; ++*count) {
        if (!args_add(args, list[*count]))
            return false;
    }
    return true;
}

/* Calls with the arguments in pages; the mutex is held. */
static int call_with_args(struct ipc_msg *msg, const char *path, char *const *argv,
                          char *const *envp)
{
    struct proc_args args = {.bytes = 0};

    if (!args_add(&args, path) || !args_add_all(&args, argv, &args.argc) ||
        !args_add_all(&args, envp, &args.envc))
        return -E_INVAL;
    memcpy(args_pages, &args, sizeof(args));
    uint32_t bytes = (uint32_t)sizeof(args) + args.bytes;
    ipc_set_pages((uintptr_t)args_pages, (bytes + PAGE_MASK) / PAGE_SIZE, PERM_R);
    return server_call(SERVER_PROC, IPC_PAGES, msg, NULL);
}

/* proc says so when it has found bootfs dead: then it has done nothing, and another try has to wait. */
static bool is_of_bootfs(int error)
{
    return (error == -E_DEAD || error == -E_BAD_ENV) && server_find(SERVER_BOOTFS) != 0;
}

static int call_locked(struct ipc_msg *msg, const char *path, char *const *argv, char *const *envp)
{
    const struct ipc_msg request = *msg;
    int error;

    mutex_lock(&args_mutex);
    for (uint32_t i = 0; i < BOOTFS_TRIES; i++) {
        *msg = request;
        error = call_with_args(msg, path, argv, envp);
        if (!is_of_bootfs(error))
            break;
    }
    mutex_unlock(&args_mutex);
    return error;
}

pid_t spawn_limited(const char *path, char *const argv[], char *const envp[], uint32_t frames)
{
    struct ipc_msg msg = {.w = {PROC_SPAWN, frames}};

    stdout_flush();
    int error = call_locked(&msg, path, argv, envp);
    return error < 0 ? error : (pid_t)msg.w[1];
}

pid_t spawnve(const char *path, char *const argv[], char *const envp[])
{
    return spawn_limited(path, argv, envp, 0);
}

pid_t spawnv(const char *path, char *const argv[])
{
    return spawnve(path, argv, environ);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct ipc_msg msg = {.w = {PROC_EXEC}};

    stdout_flush();
    return call_locked(&msg, path, argv, envp);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

/* ---- Fork. ---- */

#define FORK_OP (SYS_ipc | IPC_OP_CALL)

/* Returns twice: in the parent with the child's pid or an error, in the child, which proc starts at `1:`
 * with the stack pointer of the call and eax = 0, with 0. */
__attribute__((naked, noinline)) static int32_t fork_call(__attribute__((unused)) envid_t proc)
{
    __asm__ volatile("movl 4(%%esp), %%edx\n\t"
                     "pushl %%ebp\n\t"
                     "pushl %%ebx\n\t"
                     "pushl %%esi\n\t"
                     "pushl %%edi\n\t"
                     "movl %[label], %%ebx\n\t"
                     "movl %%esp, %%esi\n\t"
                     "movl $1f, %%edi\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movl %[op], %%eax\n\t"
                     "call vsys_enter\n\t"
                     "testl %%eax, %%eax\n\t"
                     "js 1f\n\t"
                     "movl %%ebx, %%eax\n\t" /* what proc says */
                     "testl %%eax, %%eax\n\t"
                     "js 1f\n\t"
                     "movl %%esi, %%eax\n" /* the pid */
                     "1:\n\t"
                     "popl %%edi\n\t"
                     "popl %%esi\n\t"
                     "popl %%ebx\n\t"
                     "popl %%ebp\n\t"
                     "ret"
                     :
                     : [label] "i"(PROC_FORK), [op] "i"(FORK_OP)
                     : "memory");
}

/* What the library keeps in the message page for the program, which the child's does not have yet. */
struct kept {
    uint32_t jos[16];
    uint32_t program[32];
};

static void keep(struct kept *kept)
{
    const struct utcb_local *local = utcb_local();

    memcpy(kept->jos, local->jos, sizeof(kept->jos));
    memcpy(kept->program, local->program, sizeof(kept->program));
}

static void restore(const struct kept *kept)
{
    struct utcb_local *local = utcb_local();

    memcpy(local->jos, kept->jos, sizeof(kept->jos));
    memcpy(local->program, kept->program, sizeof(kept->program));
}

/* The child of one of several threads. */
static void become_single(void)
{
    args_mutex = (struct mutex)MUTEX_INITIAL; /* of a thread that is not here */
    malloc_renew();
    threads_forget();
}

/* With one thread nobody else is in the heap, and neither side writes to a page more than it has to: each
 * would be copied. */
pid_t fork(void)
{
    bool alone = !threads_made;
    struct kept kept;

    if (!server_exists(SERVER_PROC))
        return -E_BAD_ENV;
    stdout_flush();
    (void)
        process_is_managed(); /* asked here, once: a child would ask and write it down, each again */
    keep(&kept);
    if (!alone)
        malloc_lock();
    pid_t pid = fork_call(process_servers.proc);
    if (pid == 0)
        restore(&kept);
    if (pid == 0 && !alone)
        become_single();
    else if (!alone)
        malloc_unlock();
    return pid;
}

/* ---- Children. ---- */

pid_t waitpid(pid_t pid, int *status, int options)
{
    struct ipc_msg msg = {
        .w = {PROC_WAIT, pid < 0 ? 0 : (uint32_t)pid, options & WNOHANG ? PROC_NOHANG : 0}};
    int error = server_call(SERVER_PROC, 0, &msg, NULL);

    if (error < 0)
        return error;
    if (status != NULL && msg.w[1] != 0)
        *status = (int)msg.w[2];
    return (pid_t)msg.w[1];
}

pid_t wait(int *status)
{
    return waitpid(0, status, 0);
}

int kill(pid_t pid)
{
    struct ipc_msg msg = {.w = {PROC_KILL, (uint32_t)pid}};

    return server_call(SERVER_PROC, 0, &msg, NULL);
}

pid_t process_list(pid_t pid, struct proc_info *info)
{
    struct ipc_msg msg = {.w = {PROC_LIST, (uint32_t)pid}};
    int error = server_call(SERVER_PROC, 0, &msg, NULL);

    if (error < 0)
        return error;
    memcpy(info, utcb()->words, sizeof(*info));
    info->name[sizeof(info->name) - 1] = 0;
    return (pid_t)msg.w[1];
}

void wait_describe(int status, char *text, size_t size)
{
    if (WIFEXITED(status))
        snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
    else if (WNOMEMORY(status))
        snprintf(text, size, "out of memory");
    else if (WIFFAULTED(status))
        snprintf(text, size, "%s", fault_name(WFAULT(status)));
    else
        snprintf(text, size, "killed");
}

/* Intel SDM volume 3, table 6-1. */
const char *fault_name(uint32_t vector)
{
    static const char *const names[] = {
        [0] = "divide error",      [1] = "debug exception",      [3] = "breakpoint",
        [4] = "overflow",          [5] = "bound range exceeded", [6] = "invalid opcode",
        [7] = "no coprocessor",    [11] = "segment not present", [12] = "stack fault",
        [13] = "protection fault", [14] = "page fault",          [16] = "floating-point error",
        [17] = "alignment check",
    };
    bool known = vector < sizeof(names) / sizeof(names[0]) && names[vector] != NULL;

    return known ? names[vector] : "unknown fault";
}

/* ---- Time. ---- */

unsigned int sleep(unsigned int seconds)
{
    for (; seconds != 0; seconds--)
        sleep_us(1000000);
    return 0;
}

int usleep(unsigned int microseconds)
{
    sleep_us(microseconds);
    return 0;
}
