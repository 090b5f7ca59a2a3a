/* Faults of user code: each exception that it can raise, the env's own handler, its pager.
 *
 * Code to fault with is written into a page and run by an env of this address space with given
 * registers, without a stack; what it died of is looked at.
 */
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"
#include "tests/user/upcall.h"

#define CODE      0x50000000u
#define WORDS     (CODE + 0x800) /* data for the code; also its stack */
#define PLACE     0x51000000u
#define PLACE2    0x51400000u
#define EXCEPTION 0x52000000u

enum { DE = 0, DB = 1, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, TS = 10, GP = 13, PF = 14 };

#define FLAG_TF 0x100u
#define FLAG_OF 0x800u

/* Registers at the start: eax = 5, ecx = 0, edx = 0x60, esp = WORDS. */
struct code {
    const char *id;
    uint8_t bytes[16];
    uint32_t vector;
    uint32_t error;
    uint32_t eip; /* offset of the instruction that is blamed */
    uint32_t flags;
};

static const struct code codes[] = {
    {"fault_divide", {0xf7, 0xf1}, DE, 0, 0, 0},
    {"fault_single_step", {0x90, 0x90, 0x90}, DB, 0, 1, FLAG_TF},
    {"fault_int3", {0xcc}, BP, 0, 1, 0},
    {"fault_into", {0xce}, OF, 0, 1, FLAG_OF},
    {"fault_bound", {0x62, 0x05, 0x00, 0x08, 0x00, 0x50}, BR, 0, 0, 0},
    {"fault_ud2", {0x0f, 0x0b}, UD, 0, 0, 0},
    {"fault_lock_prefix", {0xf0, 0x90}, UD, 0, 0, 0},
    {"fault_fpu", {0xd9, 0xe8}, NM, 0, 0, 0},
    {"fault_hlt", {0xf4}, GP, 0, 0, 0},
    {"fault_cli", {0xfa}, GP, 0, 0, 0},
    {"fault_sti", {0xfb}, GP, 0, 0, 0},
    {"fault_in", {0xe4, 0x60}, GP, 0, 0, 0},
    {"fault_out", {0xee}, GP, 0, 0, 0},
    {"fault_insb", {0x6c}, GP, 0, 0, 0},
    {"fault_mov_to_cr3", {0x0f, 0x22, 0xd8}, GP, 0, 0, 0},
    {"fault_mov_from_cr0", {0x0f, 0x20, 0xc0}, GP, 0, 0, 0},
    {"fault_mov_to_dr0", {0x0f, 0x23, 0xc0}, GP, 0, 0, 0},
    {"fault_lgdt", {0x0f, 0x01, 0x15, 0, 8, 0, 0x50}, GP, 0, 0, 0},
    {"fault_lidt", {0x0f, 0x01, 0x1d, 0, 8, 0, 0x50}, GP, 0, 0, 0},
    {"fault_ltr", {0x0f, 0x00, 0xd8}, GP, 0, 0, 0},
    {"fault_lldt", {0x0f, 0x00, 0xd1}, GP, 0, 0, 0},
    {"fault_lmsw", {0x0f, 0x01, 0xf0}, GP, 0, 0, 0},
    {"fault_clts", {0x0f, 0x06}, GP, 0, 0, 0},
    {"fault_invlpg", {0x0f, 0x01, 0x3d, 0, 0, 0, 0}, GP, 0, 0, 0},
    {"fault_wbinvd", {0x0f, 0x09}, GP, 0, 0, 0},
    {"fault_wrmsr", {0x0f, 0x30}, GP, 0, 0, 0},
    {"fault_rdmsr", {0x0f, 0x32}, GP, 0, 0, 0},
    {"fault_sysexit", {0x0f, 0x35}, GP, 0, 0, 0},
    {"fault_null_ss", {0x8e, 0xd1}, GP, 0, 0, 0},
    {"fault_kernel_ds", {0xb1, 0x10, 0x8e, 0xd9}, GP, 0x10, 2, 0},
    {"fault_selector_outside", {0xb1, 0xf8, 0x8e, 0xd9}, GP, 0xf8, 2, 0},
    {"fault_jump_to_tss", {0xea, 0, 0, 0, 0, 0x28, 0}, GP, 0x28, 0, 0},
    {"fault_jump_to_kernel_code", {0xea, 0, 0, 0, 0, 0x08, 0}, GP, 0x08, 0, 0},
    {"fault_call_kernel_code", {0x9a, 0, 0, 0, 0, 0x08, 0}, GP, 0x08, 0, 0},
    {"fault_iret_nested_task", {0x68, 0x02, 0x42, 0, 0, 0x9d, 0xcf}, TS, 0, 6, 0},
    {"fault_read_null", {0xa1, 0, 0, 0, 0}, PF, 4, 0, 0},
    {"fault_write_null", {0xa3, 0, 0, 0, 0}, PF, 6, 0, 0},
    {"fault_read_kernel", {0xa1, 0, 0, 0x10, 0xc0}, PF, 5, 0, 0},
    {"fault_write_kernel", {0xa3, 0, 0, 0x10, 0xc0}, PF, 7, 0, 0},
    {"fault_write_text", {0xa3, 0, 0, 0x80, 0x00}, PF, 7, 0, 0},
    {"fault_unknown_call_then_exit", {0xb0, 0xff, 0xcd, 0x30, 0x0f, 0x0b}, UD, 0, 4, 0},
};

/* Runs what is at CODE to its end. */
static int run_code(uint32_t flags, struct env_death *death)
{
    struct env_regs regs = {.eax = 5, .edx = 0x60, .eip = CODE, .esp = WORDS, .eflags = flags};
    envid_t id = env_create(0, 0, 0, NOTIFY_CHILD);
    int result = id < 0 ? id : env_write_regs(id, &regs);

    if (result == 0)
        result = env_start(id);
    return result < 0 ? result : process_wait(id, death);
}

/* Bounds 0 to 1; a return address in kernel code; a null descriptor table. */
static void prepare_words(void)
{
    uint32_t *words = (uint32_t *)WORDS;

    words[0] = 0;
    words[1] = 0x08;
    words[2] = 0x202;
}

static void prepare_bound(void)
{
    uint32_t *words = (uint32_t *)WORDS;

    words[0] = 0;
    words[1] = 1;
}

/* Emulators differ about the vector: undocumented, or read with the wrong privilege under SMAP. */
static void check_odd_codes(void)
{
    static const uint8_t int1[] = {0xf1, 0x0f, 0x0b};
    static const uint8_t iret_to_kernel[] = {0xcf};
    struct env_death death = {.cause = 0};

    memcpy((void *)CODE, int1, sizeof(int1));
    CHECK(run_code(0, &death) == 0 && death.cause == ENV_FAULTED &&
              (death.vector == DB || death.vector == UD),
          "fault_int1");
    prepare_words();
    memcpy((void *)CODE, iret_to_kernel, sizeof(iret_to_kernel));
    CHECK(run_code(0, &death) == 0 && death.cause == ENV_FAULTED && death.eip == CODE &&
              (death.vector == GP || death.vector == PF),
          "fault_iret_to_kernel");
}

static void check_codes(void)
{
    CHECK_OK(page_alloc(0, CODE, 1, PERM_RW | PERM_X), "fault_code");
    for (uint32_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const struct code *code = &codes[i];
        struct env_death death = {.cause = 0};

        prepare_words();
        if (code->vector == BR)
            prepare_bound();
        memcpy((void *)CODE, code->bytes, sizeof(code->bytes));
        int result = run_code(code->flags, &death);
        test_report(result == 0 && death.cause == ENV_FAULTED && death.vector == code->vector &&
                        death.error == code->error && death.eip == CODE + code->eip,
                    code->id, "%d, cause %u vector %u error 0x%x eip 0x%x", result, death.cause,
                    death.vector, death.error, death.eip);
    }
}

/* INT n: what has no gate for user code is a general protection fault that names the gate. */
static bool int_is_right(uint32_t n)
{
    const uint8_t bytes[] = {0xcd, (uint8_t)n, 0x0f, 0x0b};
    struct env_death death = {.cause = 0};

    memcpy((void *)CODE, bytes, sizeof(bytes));
    if (run_code(0, &death) != 0 || death.cause != ENV_FAULTED)
        return false;
    if (n == BP || n == OF)
        return death.vector == n && death.eip == CODE + 2;
    if (n == SYSCALL_VECTOR) /* eax = 5: env_create with flags 0x60 */
        return death.vector == UD && death.eip == CODE + 2;
    return death.vector == GP && death.error == n * 8 + 2 && death.eip == CODE;
}

static void check_each_int(void)
{
    bool good = true;

    for (uint32_t n = 0; n < 256; n++) {
        bool right = int_is_right(n);

        if (!right)
            printf("# int 0x%x\n", n);
        good = good && right;
    }
    CHECK(good, "fault_int_n");
    CHECK_OK(page_unmap(0, CODE, 1), "fault_code_end");
}

/* The upcall. */

static struct env_upcall_frame seen[2];
static uintptr_t seen_at[2];
static volatile uint32_t seen_count;

static void note(const struct env_upcall_frame *frame)
{
    if (seen_count < 2) {
        seen[seen_count] = *frame;
        seen_at[seen_count] = (uintptr_t)frame;
    }
    seen_count++;
}

static void map_page(struct env_upcall_frame *frame)
{
    note(frame);
    (void)!page_alloc(0, frame->fault_va & ~PAGE_MASK, 1, PERM_RW);
}

static void map_page_nested(struct env_upcall_frame *frame)
{
    note(frame);
    if (seen_count == 1)
        *(volatile uint32_t *)PLACE2 = 9;
    (void)!page_alloc(0, frame->fault_va & ~PAGE_MASK, 1, PERM_RW);
}

static void fault_again(struct env_upcall_frame *frame)
{
    *(volatile uint32_t *)frame->fault_va = 1;
}

/* Registers before the fault are in the frame, and those after it are the same. */
static void check_frame(void)
{
    uint32_t ecx = 0x11;
    uint32_t edx = 0x22;
    uint32_t esi = 0x33;
    uint32_t value = 0x44;

    seen_count = 0;
    CHECK_OK(upcall_install(0, map_page, EXCEPTION), "fault_upcall_install");
    __asm__ volatile("movl %%eax, 4(%%edi)"
                     : "+c"(ecx), "+d"(edx), "+S"(esi), "+a"(value)
                     : "D"(PLACE)
                     : "memory");
    CHECK_EQ(seen_count, 1, "fault_upcall_once");
    CHECK_EQ(seen[0].fault_va, PLACE + 4, "fault_upcall_va");
    CHECK_EQ(seen[0].error, 6, "fault_upcall_error");
    CHECK(seen[0].ecx == 0x11 && seen[0].edx == 0x22 && seen[0].esi == 0x33 &&
              seen[0].eax == 0x44 && seen[0].edi == PLACE,
          "fault_upcall_registers");
    CHECK(seen[0].eip - (uint32_t)(uintptr_t)check_frame < 0x400, "fault_upcall_eip");
    CHECK(seen[0].esp - (uint32_t)(uintptr_t)&value + 0x400 < 0x800, "fault_upcall_esp");
    CHECK((seen[0].eflags & 0x3202u) == 0x202u, "fault_upcall_eflags");
    CHECK_EQ(seen_at[0], EXCEPTION + PAGE_SIZE - sizeof(seen[0]), "fault_upcall_at_top");
    CHECK(ecx == 0x11 && edx == 0x22 && esi == 0x33 && value == 0x44, "fault_upcall_restores");
    CHECK_EQ(*(volatile uint32_t *)(PLACE + 4), 0x44, "fault_upcall_restarts");
    CHECK_OK(page_unmap(0, PLACE, 1), "fault_upcall_unmap");
}

static void check_nested(void)
{
    seen_count = 0;
    upcall_handler = map_page_nested;
    *(volatile uint32_t *)PLACE = 8;
    CHECK_EQ(seen_count, 2, "fault_nested_twice");
    CHECK_EQ(seen[1].fault_va, PLACE2, "fault_nested_va");
    CHECK(seen[1].esp < seen_at[0] && seen[1].esp >= EXCEPTION, "fault_nested_esp");
    CHECK_EQ(seen_at[1], seen[1].esp - 4 - sizeof(seen[1]), "fault_nested_spare_word");
    CHECK(*(volatile uint32_t *)PLACE == 8 && *(volatile uint32_t *)PLACE2 == 9,
          "fault_nested_both_done");
    (void)page_unmap(0, PLACE, 1);
    (void)page_unmap(0, PLACE2, 1);
}

static int write_place(void *arg)
{
    *(volatile uint32_t *)arg = 1;
    return 0;
}

static int overflow_body(void *arg)
{
    upcall_handler = fault_again;
    return write_place(arg);
}

static int no_stack_body(void *arg)
{
    return page_unmap(0, EXCEPTION, 1) != 0 || write_place(arg) != 0;
}

static int readonly_stack_body(void *arg)
{
    return page_protect(0, EXCEPTION, 1, PERM_R) != 0 || write_place(arg) != 0;
}

static int no_handler_body(void *arg)
{
    return env_set_upcall(0, 0, 0) != 0 || write_place(arg) != 0;
}

static int upcall_child(void *arg)
{
    test_fn *body = *(test_fn **)arg;

    if (upcall_install(0, map_page, EXCEPTION) != 0)
        return 1;
    return body((void *)PLACE);
}

static int ud_body(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
    return 0;
}

static void check_upcall_failures(void)
{
    test_fn *body = overflow_body;

    CHECK_FAULT(upcall_child, &body, PF, PLACE, "fault_upcall_overflow");
    body = no_stack_body;
    CHECK_FAULT(upcall_child, &body, PF, PLACE, "fault_upcall_no_stack");
    body = readonly_stack_body;
    CHECK_FAULT(upcall_child, &body, PF, PLACE, "fault_upcall_readonly_stack");
    body = no_handler_body;
    CHECK_FAULT(upcall_child, &body, PF, PLACE, "fault_upcall_taken_back");
    body = ud_body;
    CHECK_FAULT(upcall_child, &body, UD, 0, "fault_upcall_for_page_faults_alone");
    body = write_place;
    CHECK_CHILD(upcall_child, &body, "fault_upcall_in_child");
}

static void check_upcall_arguments(void)
{
    uintptr_t eip = (uintptr_t)upcall_entry;
    uintptr_t top = EXCEPTION + PAGE_SIZE;

    CHECK_OK(env_set_upcall(0, KERNEL_BASE, top), "fault_set_upcall_eip_any");
    CHECK_ERROR(env_set_upcall(0, eip, top + 4), E_INVAL, "fault_set_upcall_unaligned");
    CHECK_ERROR(env_set_upcall(0, eip, 0), E_INVAL, "fault_set_upcall_top_0");
    CHECK_ERROR(env_set_upcall(0, eip, USER_TOP + PAGE_SIZE), E_INVAL, "fault_set_upcall_top_high");
    CHECK_ERROR(env_set_upcall(-1, eip, top), E_BAD_ENV, "fault_set_upcall_bad_id");
    CHECK_OK(env_set_upcall(0, eip, USER_TOP), "fault_set_upcall_user_top");
    CHECK_EQ(env_record(env_self())->upcall, eip, "fault_set_upcall_record");
    CHECK_OK(env_set_upcall(0, 0, 0), "fault_set_upcall_none");
    CHECK_EQ(env_record(env_self())->upcall, 0, "fault_set_upcall_none_record");
}

/* A pager, which is we: the child faults at PLACE. */

static envid_t start_paged(test_fn *body, envid_t pager)
{
    envid_t id = thread_prepare(body, (void *)PLACE);

    if (id > 0 && (env_set_pager(id, pager) != 0 || env_start(id) != 0))
        return -E_INVAL;
    return id;
}

/* The next message; notifications of threads that were joined before they came do not count. */
static int32_t receive(struct ipc_msg *msg)
{
    int32_t result;

    do {
        result = ipc_recv(msg);
    } while (result == 0);
    return result;
}

static int read_and_return(void *arg)
{
    return *(volatile int *)arg;
}

static int run_place(void *arg)
{
    ((void (*)(void))arg)();
    return 0;
}

static void check_pager(void)
{
    struct env_death death = {.cause = 0};
    envid_t id = start_paged(read_and_return, env_self());
    struct ipc_msg msg = {.w = {0}};

    CHECK_EQ(receive(&msg), id, "fault_pager_told");
    CHECK(IPC_FAULT_IS(msg.w[0]) && IPC_FAULT_VECTOR(msg.w[0]) == PF &&
              IPC_FAULT_ERROR(msg.w[0]) == 4,
          "fault_pager_label");
    CHECK_EQ(msg.w[1], PLACE, "fault_pager_va");
    CHECK(msg.w[2] - (uint32_t)(uintptr_t)read_and_return < 64, "fault_pager_eip");
    CHECK_EQ(msg.w[3], 0, "fault_pager_no_fetch");
    CHECK_OK(page_alloc(0, PLACE2, 1, PERM_RW), "fault_pager_page");
    *(volatile uint32_t *)PLACE2 = 0x777;
    ipc_set_pages(PLACE2, 1, PERM_RW);
    msg.w[0] = FAULT_RESUME;
    CHECK_OK(ipc(IPC_SEND | IPC_REPLY | IPC_PAGES, id, &msg), "fault_pager_answer");
    CHECK_OK(thread_join(id, &death), "fault_pager_join");
    CHECK(death.cause == ENV_EXITED && death.status == 0x777, "fault_pager_resumed");
    (void)page_unmap(0, PLACE2, 1);
}

static void check_pager_fetch(void)
{
    struct env_death death = {.cause = 0};
    struct ipc_msg msg = {.w = {0}};
    /* PLACE is mapped by now, and not executable. */
    envid_t id = start_paged(run_place, env_self());

    CHECK_EQ(receive(&msg), id, "fault_pager_fetch_told");
    CHECK(msg.w[3] == IPC_FAULT_FETCH && msg.w[1] == PLACE && msg.w[2] == PLACE,
          "fault_pager_fetch");
    msg.w[0] = 1;
    CHECK_OK(ipc_reply(id, &msg), "fault_pager_refuse");
    CHECK_OK(thread_join(id, &death), "fault_pager_refused");
    CHECK(death.cause == ENV_FAULTED && death.vector == PF && death.address == PLACE,
          "fault_pager_refused_cause");
    (void)page_unmap(0, PLACE, 1);
}

static int pager_that_dies(void *arg)
{
    struct ipc_msg msg = {.w = {0}};

    (void)arg;
    return ipc_recv(&msg) > 0 ? 0 : 1;
}

static void check_pager_dies(void)
{
    struct env_death death = {.cause = 0};
    envid_t pager = thread_create(pager_that_dies, NULL);
    envid_t id = start_paged(read_and_return, pager);

    CHECK(thread_join(pager, &death) == 0 && death.status == 0, "fault_pager_dead");
    CHECK_OK(thread_join(id, &death), "fault_pager_dead_join");
    CHECK(death.cause == ENV_FAULTED && death.vector == PF && death.address == PLACE,
          "fault_pager_dead_cause");
    id = thread_prepare(read_and_return, (void *)PLACE);
    CHECK_ERROR(env_set_pager(id, pager), E_BAD_ENV, "fault_pager_stale");
    thread_kill(id);
}

/* A pager that is no more when the fault comes; one that pages itself. */
static void check_pager_odd(void)
{
    struct env_death death = {.cause = 0};
    envid_t pager = thread_create(pager_that_dies, NULL);
    envid_t id = thread_prepare(read_and_return, (void *)PLACE);

    CHECK_OK(env_set_pager(id, pager), "fault_pager_gone_set");
    thread_kill(pager);
    CHECK_OK(env_start(id), "fault_pager_gone_start");
    CHECK_OK(thread_join(id, &death), "fault_pager_gone");
    CHECK(death.cause == ENV_FAULTED && death.vector == PF, "fault_pager_gone_cause");
    id = thread_prepare(read_and_return, (void *)PLACE);
    CHECK_OK(env_set_pager(id, id), "fault_pager_self_set");
    CHECK_OK(env_start(id), "fault_pager_self_start");
    CHECK(test_wait_status(id, ENV_NOT_RUNNABLE), "fault_pager_self_waits");
    CHECK_OK(env_destroy(id, 8), "fault_pager_self_destroy");
    CHECK_OK(thread_join(id, &death), "fault_pager_self");
    CHECK(death.cause == ENV_KILLED && death.status == 8, "fault_pager_self_cause");
}

int main(void)
{
    check_codes();
    check_odd_codes();
    check_each_int();
    check_frame();
    check_nested();
    check_upcall_arguments();
    check_upcall_failures();
    check_pager();
    check_pager_fetch();
    check_pager_dies();
    check_pager_odd();
    return test_status();
}
