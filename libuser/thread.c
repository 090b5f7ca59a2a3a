/* Threads, see grain/thread.h.
 *
 * Stack slots are taken and given back by atomic operations on owners[], without a lock: a slot is
 * free (0), being set up or taken down by one env (BUSY), or that of the thread whose id it has.
 *
 * In a process proc makes and ends threads and the pager gives their stacks; in a bare program they are
 * one's own envs.
 */
#include "grain/thread.h"

#include <stdbool.h>
#include <stdio.h>

#include "grain/layout.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "libuser/internal.h"

#define SLOTS UTCB_SLOTS
#define BUSY  (-1)

bool threads_made;

static envid_t owners[SLOTS];
static int results[SLOTS]; /* of threads of a process: what they ended with */

static uintptr_t slot_top(uint32_t slot)
{
    return THREAD_STACKS + (slot + 1) * THREAD_STACK_SLOT;
}

static uintptr_t slot_stack(uint32_t slot)
{
    return slot_top(slot) - THREAD_STACK_PAGES * PAGE_SIZE;
}

/* Changes the owner of the first slot that has `from`. Returns SLOTS if none has. */
static uint32_t slot_claim(envid_t from)
{
    uint32_t slot = 0;
    envid_t expected = from;

    while (slot < SLOTS && !__atomic_compare_exchange_n(&owners[slot], &expected, BUSY, false,
                                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        expected = from;
        slot++;
    }
    return slot;
}

static void slot_release(uint32_t slot, envid_t owner)
{
    __atomic_store_n(&owners[slot], owner, __ATOMIC_RELEASE);
}

static bool slot_is_ours(uint32_t slot)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return here >= slot_stack(slot) && here < slot_top(slot);
}

static void slot_free(uint32_t slot)
{
    if (process_is_managed())
        (void)memory_unmap(slot_stack(slot), THREAD_STACK_PAGES * PAGE_SIZE);
    else
        (void)page_unmap(0, slot_stack(slot), THREAD_STACK_PAGES);
    slot_release(slot, 0);
}

void threads_forget(void)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (owners[slot] != 0 && !slot_is_ours(slot))
            slot_free(slot);
    }
}

static _Noreturn void thread_main(int (*fn)(void *arg), void *arg)
{
    thread_exit(fn(arg));
}

/* The new env enters thread_main as if it was called: above the return address the arguments, at
 * a multiple of 16 as the System V ABI wants it. Returns its stack pointer. */
static uint32_t put_arguments(uint32_t slot, int (*fn)(void *arg), void *arg)
{
    uint32_t *arguments = (uint32_t *)(slot_top(slot) - 16);

    arguments[0] = (uint32_t)(uintptr_t)fn;
    arguments[1] = (uint32_t)(uintptr_t)arg;
    return (uint32_t)(uintptr_t)(arguments - 1);
}

static int set_start(envid_t id, uint32_t slot, int (*fn)(void *arg), void *arg)
{
    struct env_regs regs = {
        .eip = (uint32_t)(uintptr_t)thread_main,
        .esp = put_arguments(slot, fn, arg),
    };
    return env_write_regs(id, &regs);
}

static envid_t ask_thread(uint32_t esp)
{
    struct ipc_msg msg = {.w = {PROC_THREAD, (uint32_t)(uintptr_t)thread_main, esp, 0}};
    int error = server_call(SERVER_PROC, 0, &msg, NULL);

    return error < 0 ? error : (envid_t)msg.w[1];
}

static envid_t create_managed(int (*fn)(void *arg), void *arg)
{
    threads_made = true;
    uint32_t slot = slot_claim(0);
    if (slot == SLOTS)
        return -E_NO_FREE_ENV;
    uintptr_t stack = slot_stack(slot);
    int result = memory_map(&stack, THREAD_STACK_PAGES * PAGE_SIZE, PERM_RW);
    if (result == 0)
        result = ask_thread(put_arguments(slot, fn, arg));
    if (result < 0) {
        slot_free(slot);
        return result;
    }
    slot_release(slot, result);
    return result;
}

static int join_managed(envid_t id, struct env_death *death)
{
    struct ipc_msg msg = {.w = {PROC_THREAD_JOIN, (uint32_t)id}};
    uint32_t slot = 0;

    while (slot < SLOTS && __atomic_load_n(&owners[slot], __ATOMIC_ACQUIRE) != id)
        slot++;
    if (slot == SLOTS)
        return -E_BAD_ENV;
    int error = server_call(SERVER_PROC, 0, &msg, NULL);
    if (error < 0 && error != -E_BAD_ENV) /* it had ended before we asked */
        return error;
    slot = slot_claim(id);
    if (slot == SLOTS)
        return -E_BAD_ENV; /* another was quicker */
    if (death != NULL)
        *death = (struct env_death){.cause = ENV_EXITED, .status = (uint32_t)results[slot]};
    slot_free(slot);
    return 0;
}

envid_t thread_prepare(int (*fn)(void *arg), void *arg)
{
    uint32_t slot = slot_claim(0);

    if (slot == SLOTS)
        return -E_NO_FREE_ENV;
    int result = page_alloc(0, slot_stack(slot), THREAD_STACK_PAGES, PERM_RW);
    if (result < 0) {
        slot_free(slot);
        return result;
    }
    envid_t id = env_create(0, 0, 0, NOTIFY_CHILD);
    if (id < 0) {
        slot_free(slot);
        return id;
    }
    result = set_start(id, slot, fn, arg);
    slot_release(slot, id);
    if (result < 0) {
        thread_kill(id);
        return result;
    }
    return id;
}

envid_t thread_create(int (*fn)(void *arg), void *arg)
{
    if (process_is_managed())
        return create_managed(fn, arg);
    envid_t id = thread_prepare(fn, arg);

    if (id < 0)
        return id;
    int result = env_start(id);
    if (result < 0) {
        thread_kill(id);
        return result;
    }
    return id;
}

void thread_kill(envid_t id)
{
    (void)env_destroy(id, 0); /* it may have ended by itself */
    (void)thread_join(id, NULL);
}

void thread_exit(int status)
{
    stdout_flush();
    if (process_is_managed()) {
        struct ipc_msg msg = {.w = {PROC_THREAD_EXIT}};

        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            if (slot_is_ours(slot))
                results[slot] = status;
        }
        (void)server_call(SERVER_PROC, 0, &msg, NULL);
    }
    for (;;)
        (void)env_destroy(0, (uint32_t)status);
}

int thread_join(envid_t id, struct env_death *death)
{
    if (process_is_managed())
        return join_managed(id, death);
    int result = process_wait(id, death);

    if (result < 0)
        return result;
    uint32_t slot = slot_claim(id);
    if (slot != SLOTS)
        slot_free(slot);
    return 0;
}
