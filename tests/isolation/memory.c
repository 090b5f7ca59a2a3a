/* Kernel memory and others' memory: by plain reads and writes, and by each call that takes an address. */
#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/lockstat.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "tests/user/test.h"
#include "tests/user/upcall.h"

#define PLACE       0x50000000u
#define UPCALL_PAGE 0x50100000u
#define SECRET      0x5ec2e700u

/* ---- Plain accesses: a fault skips the instruction, which is one of two bytes. ---- */

static volatile uint32_t faults;

static void skip(struct env_upcall_frame *frame)
{
    faults++;
    frame->eip += 2;
}

static bool can_read(uintptr_t va)
{
    uint32_t before = faults;
    uint32_t value;

    __asm__ volatile("movb (%%ecx), %%al" : "=a"(value) : "c"(va) : "memory");
    return faults == before;
}

/* Writes back what can be read there, so that a page of our own would stay as it is. */
static bool can_write(uintptr_t va)
{
    uint32_t before = faults;

    __asm__ volatile("orb %%al, (%%ecx)" : : "a"(0), "c"(va) : "memory");
    return faults == before;
}

static bool is_window(uintptr_t va)
{
    return va - VSYS_ENTER < PAGE_SIZE || va - SYSINFO_WINDOW < SYSINFO_PAGES * PAGE_SIZE ||
           va - ENVS_WINDOW < ENV_MAX * sizeof(struct env_public) || va - THIS_UTCB < PAGE_SIZE ||
           (sysinfo()->lockstat != LOCKSTAT_OFF && va - LOCKSTAT_WINDOW < 0x100000);
}

/* All pages where the kernel's own structures are, one in 64 of the rest of its gigabyte. */
static void check_kernel_by_access(void)
{
    uint32_t read = 0;
    uint32_t written = 0;

    for (uintptr_t va = KERNEL_BASE; va >= KERNEL_BASE;) {
        bool readable = can_read(va);

        if (readable && !is_window(va)) {
            printf("# 0x%08x can be read\n", (unsigned int)va);
            read++;
        }
        if (can_write(va)) {
            printf("# 0x%08x can be written\n", (unsigned int)va);
            written++;
        }
        va += va < KERNEL_BASE + 0x400000 || va >= 0xff000000 ? PAGE_SIZE : 64 * PAGE_SIZE;
    }
    CHECK_EQ(read, 0, "isolation_memory_kernel_read");
    CHECK_EQ(written, 0, "isolation_memory_kernel_written");
    CHECK(can_read(SYSINFO_WINDOW) && can_read(PLACE) == false, "isolation_memory_probe");
}

/* Bits in the page tables that say what user code may do. */
static void check_own_tables(void)
{
    uint32_t bad = 0;
    uint32_t writable_code = 0;

    for (uintptr_t va = 0; va < USER_TOP; va += PAGE_SIZE) {
        if (!(page_table_entry(va) & PERM_P)) {
            va |= 0x1ff000;
            continue;
        }
        uint64_t entry = page_entry(va);
        bad += (entry & PERM_P) != 0 && (entry & PERM_U) == 0;
        writable_code += (page_perm(va) & (PERM_W | PERM_X)) == (PERM_W | PERM_X);
    }
    CHECK_EQ(bad, 0, "isolation_memory_user_pages");
    CHECK_EQ(writable_code, 0, "isolation_memory_no_writable_code");
    CHECK(!can_write(UVPT_WINDOW + (PLACE >> 9)) && !can_write(UVPD_WINDOW),
          "isolation_memory_tables_read_only");
}

/* ---- Each call that takes an address. ---- */

#define CALLS 10u
static int call_with(uint32_t which, uintptr_t va)
{
    struct ipc_msg msg = {.w = {0}};

    switch (which) {
    case 0:
        return page_alloc(0, va, 1, PERM_RW);
    case 1:
        return page_map(0, va, 0, PLACE | PERM_R, 1);
    case 2:
        return page_map(0, USER_TEXT, 0, va | PERM_R, 1);
    case 3:
        return page_copy(0, va, 0, PLACE | PERM_R, 1);
    case 4:
        return page_copy(0, USER_TEXT, 0, va | PERM_R, 1);
    case 5:
        return page_unmap(0, va, 1);
    case 6:
        return page_protect(0, va, 1, PERM_R);
    case 7:
        return page_info(0, va);
    case 8:
        return env_set_upcall(0, 1, va + PAGE_SIZE);
    default:
        ipc_set_window(va, 1);
        ipc_set_timeouts(0, 0);
        return ipc(IPC_OP_RECV | IPC_WINDOW | IPC_TIMED, 0, &msg);
    }
}

static void check_calls(void)
{
    static const uintptr_t places[] = {USER_TOP,
                                       UTCB_AREA + PAGE_SIZE,
                                       UVPT_WINDOW,
                                       UVPD_WINDOW,
                                       KERNEL_BASE - PAGE_SIZE,
                                       KERNEL_BASE,
                                       KERNEL_BASE + 0x100000,
                                       VSYS_ENTER,
                                       SYSINFO_WINDOW,
                                       ENVS_WINDOW,
                                       THIS_UTCB,
                                       0xfffff000u};
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (uint32_t which = 0; which < CALLS; which++) {
            int result = call_with(which, places[i]);

            /* 0xfffff000 + PAGE_SIZE is 0: outside, too. */
            if (result != -E_INVAL) {
                printf("# call %u at 0x%08x returned %d\n", which, (unsigned int)places[i], result);
                wrong++;
            }
        }
        /* A range that begins in user memory and ends there. */
        wrong +=
            places[i] == USER_TOP && page_alloc(0, USER_TOP - PAGE_SIZE, 2, PERM_RW) != -E_INVAL;
        wrong +=
            page_map(0, USER_TEXT, 0, PLACE | PERM_R, (KERNEL_BASE - USER_TEXT) >> 12) != -E_INVAL;
    }
    CHECK_EQ(wrong, 0, "isolation_memory_calls");
    CHECK_EQ(page_perm(PLACE), 0, "isolation_memory_calls_mapped_nothing");
}

/* A message of pages that the sender does not have, or may not give away as it says. */
static int receiver_body(void *arg)
{
    struct ipc_msg msg = {.w = {0}};

    (void)arg;
    ipc_set_window(PLACE, 4);
    int32_t result = ipc(IPC_OP_RECV | IPC_WINDOW, 0, &msg);
    return result > 0 && !ipc_has_extra(result) && msg.w[0] == SECRET && page_perm(PLACE) == 0 ? 0
                                                                                               : 1;
}

static void check_messages(void)
{
    static const uintptr_t places[] = {USER_TOP, UVPT_WINDOW, KERNEL_BASE, 0xfffff000u, PLACE};
    envid_t receiver = test_child_start(receiver_body, NULL);
    struct env_death death = {.cause = 0};
    struct ipc_msg msg = {.w = {SECRET}};
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct ipc_msg copy = msg;

        ipc_set_pages(places[i], 1, PERM_R);
        wrong += ipc(IPC_OP_SEND | IPC_PAGES, receiver, &copy) != -E_INVAL;
    }
    ipc_set_pages(USER_TEXT, 1, PERM_RW); /* text is read-only */
    struct ipc_msg copy = msg;
    wrong += ipc(IPC_OP_SEND | IPC_PAGES, receiver, &copy) != -E_INVAL;
    CHECK_EQ(wrong, 0, "isolation_memory_messages");
    CHECK_OK(ipc_send(receiver, &msg), "isolation_memory_message");
    CHECK(process_wait(receiver, &death) == 0 && death.cause == ENV_EXITED && death.status == 0,
          "isolation_memory_messages_no_page");
}

/* ---- Others' memory, and what is left in memory that was theirs. ---- */

static volatile uint32_t private_word = SECRET;

static int other_body(void *arg)
{
    (void)arg;
    private_word = 1;
    return private_word == 1 ? 0 : 1;
}

static void check_others(void)
{
    CHECK_CHILD(other_body, NULL, "isolation_memory_child_writes");
    CHECK_EQ(private_word, SECRET, "isolation_memory_child_has_its_own");
}

static int leaver_body(void *arg)
{
    (void)arg;
    if (page_alloc(0, PLACE, 256, PERM_RW) != 0)
        return 1;
    for (uint32_t i = 0; i < 256 * PAGE_SIZE / 4; i++)
        ((volatile uint32_t *)PLACE)[i] = SECRET;
    return 0;
}

static void check_no_leftovers(void)
{
    uint32_t found = 0;

    CHECK_CHILD(leaver_body, NULL, "isolation_memory_leaver");
    if (!CHECK_OK(page_alloc(0, PLACE, 1024, PERM_RW), "isolation_memory_reuse"))
        return;
    for (uint32_t i = 0; i < 1024 * PAGE_SIZE / 4; i++)
        found += ((volatile uint32_t *)PLACE)[i] != 0;
    CHECK_EQ(found, 0, "isolation_memory_zeroed");
    CHECK_OK(page_unmap(0, PLACE, 1024), "isolation_memory_given_back");
}

/* ---- Data is not executed. ---- */

static int execute_at(void *arg)
{
    ((void (*)(void))arg)();
    return 0;
}

static uint8_t data_code[] = {0xc3};

static void check_no_execution(void)
{
    const struct {
        uintptr_t va;
        const char *id;
    } places[] = {
        {(uintptr_t)data_code, "isolation_memory_data_code"},
        {(uintptr_t)utcb()->buf, "isolation_memory_message_code"},
        {SYSINFO_WINDOW, "isolation_memory_sysinfo_code"},
        {ENVS_WINDOW, "isolation_memory_envs_code"},
        {THIS_UTCB, "isolation_memory_cpu_code"},
        {UVPT_WINDOW, "isolation_memory_table_code"},
    };
    uint8_t stack_code[4] = {0xc3};

    __asm__ volatile("" : : "r"(stack_code) : "memory");
    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        CHECK_FAULT(execute_at, (void *)places[i].va, 14, places[i].va, places[i].id);
    CHECK_FAULT(execute_at, stack_code, 14, (uintptr_t)stack_code, "isolation_memory_stack_code");
}

int main(void)
{
    if (!CHECK_OK(upcall_install(0, skip, UPCALL_PAGE), "isolation_memory_upcall"))
        return test_status();
    check_kernel_by_access();
    check_own_tables();
    (void)!env_set_upcall(0, 0, 0);
    check_calls();
    (void)!page_unmap(0, UPCALL_PAGE, 1);
    check_messages();
    check_others();
    check_no_leftovers();
    check_no_execution();
    return test_status();
}
