/* The first test: each way of looking at the kernel works at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE             0x50000000u
#define BAD_ID            0x7ffff001
#define VECTOR_PAGE_FAULT 14u

static const uint32_t constant = 7;
static uint32_t variable = 7;

static void check_entries(void)
{
    uint32_t usage[2];
    struct aspace_usage *info = (struct aspace_usage *)(void *)utcb()->buf;

    CHECK_EQ(null_call(), 0, "smoke_sysenter_null");
    CHECK_EQ(syscall5_int(SYS_null, 1, 2, 3, 4, 5), 0, "smoke_int_null");
    CHECK_ERROR(syscall0(SYS_MAX), E_NO_SYS, "smoke_sysenter_unknown");
    CHECK_ERROR(syscall5_int(0xffu, 0, 0, 0, 0, 0), E_NO_SYS, "smoke_int_unknown");
    CHECK_ERROR(syscall4(SYS_page_alloc, 0, PLACE + 1, 1, PERM_RW), E_INVAL, "smoke_sysenter_args");
    CHECK_ERROR(syscall5_int(SYS_page_alloc, 0, PLACE + 1, 1, PERM_RW, 0), E_INVAL,
                "smoke_int_args");
    (void)syscall5_int(SYS_aspace_info, 0, 0, 0, 0, 0);
    usage[0] = info->serial;
    (void)syscall1(SYS_aspace_info, 0);
    usage[1] = info->serial;
    CHECK_EQ(usage[0], usage[1], "smoke_entries_agree");
    /* Five arguments: the last one in ebp, where the compiler cannot put it. */
    CHECK_OK(page_alloc(0, PLACE, 2, PERM_RW), "smoke_page_alloc");
    *(volatile uint32_t *)PLACE = 0x1234;
    CHECK_OK(page_map(0, PLACE, 0, (PLACE + PAGE_SIZE) | PERM_R, 1), "smoke_page_map_sysenter");
    CHECK_EQ(*(volatile uint32_t *)(PLACE + PAGE_SIZE), 0x1234, "smoke_page_map_shares");
    CHECK_OK(syscall5_int(SYS_page_map, 0, PLACE, 0, (PLACE + 2 * PAGE_SIZE) | PERM_R, 1),
             "smoke_page_map_int");
    CHECK_EQ(*(volatile uint32_t *)(PLACE + 2 * PAGE_SIZE), 0x1234, "smoke_page_map_int_shares");
}

static void check_page_tables(void)
{
    CHECK_EQ(page_perm((uintptr_t)check_page_tables), PERM_RX, "smoke_text_is_rx");
    CHECK_EQ(page_perm((uintptr_t)&constant), PERM_R, "smoke_rodata_is_r");
    CHECK_EQ(page_perm((uintptr_t)&variable), PERM_RW, "smoke_data_is_rw");
    CHECK_EQ(page_perm((uintptr_t)__builtin_frame_address(0)), PERM_RW, "smoke_stack_is_rw");
    CHECK_EQ(page_perm(USER_STACK_TOP), 0, "smoke_gap_is_not_mapped");
    CHECK_EQ(page_perm(0), 0, "smoke_null_is_not_mapped");
    CHECK_EQ(page_entry_frame(page_entry(PLACE)), page_entry_frame(page_entry(PLACE + PAGE_SIZE)),
             "smoke_shared_frame");
    CHECK_OK(page_protect(0, PLACE, 1, PERM_R), "smoke_page_protect");
    CHECK_EQ(page_perm(PLACE), PERM_R, "smoke_page_protect_seen");
    CHECK_OK(page_unmap(0, PLACE, 3), "smoke_page_unmap");
    CHECK_EQ(page_perm(PLACE), 0, "smoke_page_unmap_seen");
}

static void check_windows(void)
{
    const struct sysinfo *info = sysinfo();
    const struct env_public *self = env_record(env_self());

    CHECK_EQ(info->magic, SYSINFO_MAGIC, "smoke_sysinfo_magic");
    CHECK(info->ncpus >= 1 && info->tsc_khz != 0 && info->total_frames != 0, "smoke_sysinfo_facts");
    CHECK_EQ(info->max_envs, ENV_MAX, "smoke_sysinfo_max_envs");
    CHECK_EQ(self->id, env_self(), "smoke_envs_self");
    CHECK_EQ(self->status, ENV_RUNNING, "smoke_envs_running");
    CHECK(self->cpu < info->ncpus, "smoke_envs_cpu");
    CHECK(self->controller > 0 && env_record(self->controller)->id == self->controller,
          "smoke_envs_controller");
}

static void check_utcb(void)
{
    CHECK_EQ(utcb()->va, utcb(), "smoke_utcb_va");
    CHECK(env_self() > 0, "smoke_utcb_self");
    CHECK(utcb_slot() < UTCB_SLOTS, "smoke_utcb_slot");
    CHECK_EQ(page_perm(utcb()->va), PERM_RW, "smoke_utcb_is_rw");
}

/* A thread: its own id, message page and stack, and it sees the same memory. */
static int thread_body(void *arg)
{
    uint32_t *seen = arg;

    seen[0] = utcb()->self;
    seen[1] = utcb()->va;
    seen[2] = variable;
    return 42;
}

static void check_thread(void)
{
    uint32_t seen[3] = {0};
    struct env_death death = {.cause = 0};

    variable = 8;
    envid_t id = thread_create(thread_body, seen);
    if (!CHECK_OK(id, "smoke_thread_create"))
        return;
    CHECK_OK(thread_join(id, &death), "smoke_thread_join");
    CHECK(death.cause == ENV_EXITED && death.status == 42, "smoke_thread_status");
    CHECK_EQ(seen[0], id, "smoke_thread_self");
    CHECK(seen[1] != utcb()->va, "smoke_thread_utcb");
    CHECK_EQ(seen[2], 8, "smoke_thread_shares_memory");
    CHECK_ERROR(thread_join(id, NULL), E_BAD_ENV, "smoke_thread_join_twice");
}

/* A child: its own memory, which starts as a copy. */
static int child_body(void *arg)
{
    (void)arg;
    if (variable != 8 || constant != 7)
        return 1;
    variable = 9;
    return env_record(env_self())->id == env_self() ? 0 : 2;
}

static int fault_body(void *arg)
{
    return *(volatile int *)arg;
}

static int write_text(void *arg)
{
    *(volatile uint8_t *)arg = 0;
    return 0;
}

static void check_child(void)
{
    CHECK_CHILD(child_body, NULL, "smoke_dumbfork");
    CHECK_EQ(variable, 8, "smoke_dumbfork_copies");
    CHECK_FAULT(fault_body, (void *)PLACE, VECTOR_PAGE_FAULT, PLACE, "smoke_fault_read");
    CHECK_FAULT(fault_body, NULL, VECTOR_PAGE_FAULT, 0, "smoke_fault_null");
    CHECK_FAULT(fault_body, (void *)KERNEL_BASE, VECTOR_PAGE_FAULT, KERNEL_BASE,
                "smoke_fault_kernel");
    CHECK_FAULT(write_text, (void *)(uintptr_t)check_child, VECTOR_PAGE_FAULT,
                (uintptr_t)check_child, "smoke_fault_write_text");
}

/* Answers a call with the four words in reverse, and with as many extra words. */
static int echo_body(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    int32_t from = ipc_recv(&msg);

    (void)arg;
    while (from > 0 && msg.w[0] != 0) {
        struct ipc_msg answer = {.w = {msg.w[3], msg.w[2], msg.w[1], msg.w[0]}};
        uint32_t words = ipc_has_extra(from) ? utcb()->got_words : 0;

        from = ipc(IPC_OP_REPLY_RECV | IPC_SEND_WORDS(words), ipc_sender(from), &answer);
        msg = answer;
    }
    return from < 0;
}

static void check_words(envid_t server)
{
    struct ipc_msg msg = {.w = {1, 2, 3, 4}};

    CHECK_EQ(ipc_call(server, &msg), server, "smoke_ipc_call");
    CHECK(msg.w[0] == 4 && msg.w[1] == 3 && msg.w[2] == 2 && msg.w[3] == 1, "smoke_ipc_words");
    CHECK_EQ(ipc_int(IPC_OP_CALL, server, &msg), server, "smoke_ipc_call_int");
    CHECK(msg.w[0] == 1 && msg.w[1] == 2 && msg.w[2] == 3 && msg.w[3] == 4, "smoke_ipc_words_int");
    for (uint32_t i = 0; i < IPC_WORDS_MAX; i++)
        utcb()->words[i] = i * 3;
    int32_t result = ipc(IPC_OP_CALL | IPC_SEND_WORDS(IPC_WORDS_MAX), server, &msg);
    CHECK(ipc_has_extra(result) && ipc_sender(result) == server, "smoke_ipc_extra");
    CHECK_EQ(utcb()->got_words, IPC_WORDS_MAX, "smoke_ipc_extra_count");
    bool good = true;
    for (uint32_t i = 0; i < IPC_WORDS_MAX; i++)
        good = good && utcb()->words[i] == i * 3;
    CHECK(good, "smoke_ipc_extra_words");
}

static void check_ipc(void)
{
    struct ipc_msg end = {.w = {0}};
    struct env_death death = {.cause = 0};
    envid_t server = test_child_start(echo_body, NULL);

    if (!CHECK_OK(server, "smoke_ipc_server"))
        return;
    check_words(server);
    CHECK_OK(ipc_send(server, &end), "smoke_ipc_send");
    CHECK_OK(process_wait(server, &death), "smoke_ipc_server_end");
    CHECK(death.cause == ENV_EXITED && death.status == 0, "smoke_ipc_server_status");
    CHECK_ERROR(ipc_send(server, &end), E_BAD_ENV, "smoke_ipc_send_dead");
    CHECK_ERROR(ipc_try_send(BAD_ID, &end), E_BAD_ENV, "smoke_ipc_send_bad_id");
}

static void check_time(void)
{
    uint64_t start = time_us();

    sleep_us(20000);
    uint64_t slept = time_us() - start;
    CHECK(slept >= 20000, "smoke_sleep_long_enough");
    CHECK_OK(notify(0, 0x5), "smoke_notify_self");
    CHECK_EQ(notify_wait(0x4), 0x4, "smoke_notify_wait");
    CHECK_EQ(notify_wait_us(0x2, 1000), 0, "smoke_notify_timeout");
    CHECK_EQ(notify_wait_us(0x1, 0), 0x1, "smoke_notify_kept");
    CHECK_OK(notify(0, 0x8), "smoke_notify_again");
    CHECK_EQ(notify_wait_us(0x8, 0), 0x8, "smoke_notify_poll");
}

/* Text and memory of the library; the formatter has its own tests on the host. */
static void check_library(void)
{
    char text[32];
    char *block = malloc(100000);
    uint32_t order[] = {5, 3, 9, 1};

    snprintf(text, sizeof(text), "%d %5s|%-3u|%#x", -12, "abc", 7u, 255u);
    CHECK(strcmp(text, "-12   abc|7  |0xff") == 0, "smoke_snprintf");
    CHECK(block != NULL, "smoke_malloc");
    if (block == NULL)
        return;
    memset(block, 1, 100000);
    free(block);
    char *again = malloc(100000);
    CHECK_EQ(again, block, "smoke_malloc_reuses");
    free(again);
    CHECK_EQ(strtol("-0x7fz", NULL, 0), -127, "smoke_strtol");
    CHECK_EQ(rand_below(order, 1), 0, "smoke_rand_below");
}

int main(int argc, char **argv)
{
    CHECK(argc >= 1 && strcmp(argv[0], "smoke") == 0 && argv[argc] == NULL, "smoke_argv");
    check_utcb();
    check_entries();
    check_page_tables();
    check_windows();
    check_thread();
    check_child();
    check_ipc();
    check_time();
    check_library();
    return test_status();
}
