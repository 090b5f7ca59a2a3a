/* Both entries into the kernel, with each call number, and with whatever flags and segments user code
 * can have. Arguments are such that no call does anything. */
#include <stdio.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define BAD_ID 0x7ffff001u

#define SEL_USER_CODE 0x1bu
#define SEL_USER_DATA 0x23u

#define FLAG_TF 0x100u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_AC 0x40000u
#define FLAG_ID 0x200000u

#define VECTOR_DEBUG 1u

/* Registers before and after, and the flags to enter with (0: those that are there). */
struct entry {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t flags;
};

void entry_by_int(struct entry *entry);
void entry_by_sysenter(struct entry *entry);

/* entry_by_*: all registers from *entry, the call, all registers back to it. */
#define ENTRY_FUNCTION(name, instruction)  \
    ".globl " name "\n" name ":\n\t"       \
    "pushal\n\t"                           \
    "movl 36(%esp), %eax\n\t"              \
    "pushl %eax\n\t"                       \
    "movl 4(%eax), %ebx\n\t"               \
    "movl 8(%eax), %ecx\n\t"               \
    "movl 12(%eax), %edx\n\t"              \
    "movl 16(%eax), %esi\n\t"              \
    "movl 20(%eax), %edi\n\t"              \
    "movl 24(%eax), %ebp\n\t"              \
    "pushfl\n\t"                           \
    "pushl 28(%eax)\n\t"                   \
    "movl (%eax), %eax\n\t"                \
    "cmpl $0, (%esp)\n\t"                  \
    "jne 1f\n\t"                           \
    "addl $4, %esp\n\t" instruction "\n\t" \
    "jmp 2f\n"                             \
    "1:\n\t"                               \
    "popfl\n\t" instruction "\n"           \
    "2:\n\t"                               \
    "popfl\n\t"                            \
    "xchgl %eax, (%esp)\n\t"               \
    "movl %ebx, 4(%eax)\n\t"               \
    "movl %ecx, 8(%eax)\n\t"               \
    "movl %edx, 12(%eax)\n\t"              \
    "movl %esi, 16(%eax)\n\t"              \
    "movl %edi, 20(%eax)\n\t"              \
    "movl %ebp, 24(%eax)\n\t"              \
    "popl (%eax)\n\t"                      \
    "popal\n\t"                            \
    "ret\n"

__asm__(".text\n" ENTRY_FUNCTION("entry_by_int", "int $0x30")
            ENTRY_FUNCTION("entry_by_sysenter", "call vsys_enter"));

typedef void entry_fn(struct entry *entry);

static struct entry entry_for(uint32_t number, uint32_t flags)
{
    return (struct entry){.eax = number,
                          .ebx = 0x11111111,
                          .ecx = 0x22222222,
                          .edx = BAD_ID,
                          .esi = 0x33333333,
                          .edi = 0x44444444,
                          .ebp = 0x55555555,
                          .flags = flags};
}

static bool is_kept(const struct entry *e)
{
    return e->ebx == 0x11111111 && e->esi == 0x33333333 && e->edi == 0x44444444 &&
           e->ebp == 0x55555555;
}

static void check_numbers(void)
{
    bool kept = true;
    bool all_kept = true;
    bool equal = true;
    bool unknown = true;

    for (uint32_t number = 0; number < 256; number++) {
        struct entry a = entry_for(number, 0);
        struct entry b = a;

        if (number == SYS_ipc)
            continue;
        entry_by_sysenter(&a);
        entry_by_int(&b);
        if (a.eax != b.eax)
            printf("# call %u: %d by sysenter, %d by int\n", number, (int)a.eax, (int)b.eax);
        equal = equal && a.eax == b.eax;
        kept = kept && is_kept(&a) && is_kept(&b);
        all_kept = all_kept && b.ecx == 0x22222222 && b.edx == BAD_ID;
        if (number >= SYS_MAX)
            unknown = unknown && a.eax == (uint32_t)-E_NO_SYS;
        else
            unknown = unknown && a.eax != (uint32_t)-E_NO_SYS;
    }
    CHECK(equal, "syscall_entries_agree");
    CHECK(kept, "syscall_keeps_registers");
    CHECK(all_kept, "syscall_int_keeps_all_registers");
    CHECK(unknown, "syscall_unknown_numbers");
}

static bool enters(uint32_t number, uint32_t flags)
{
    struct entry a = entry_for(number, flags);
    struct entry b = a;

    entry_by_sysenter(&a);
    entry_by_int(&b);
    return a.eax == 0 && b.eax == 0 && is_kept(&a) && is_kept(&b);
}

struct flag_case {
    uint32_t flags;
    const char *id;
};

static void check_flags(void)
{
    static const struct flag_case cases[] = {
        {FLAG_DF, "syscall_flag_df"},
        {FLAG_NT, "syscall_flag_nt"},
        {FLAG_AC, "syscall_flag_ac"},
        {FLAG_ID, "syscall_flag_id"},
        {FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID | 0x8d5u, "syscall_flags_all"},
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t flags = cases[i].flags | 0x202u;

        CHECK(enters(SYS_null, flags) && enters(SYS_yield, flags) && enters(SYS_kernel_info, flags),
              cases[i].id);
    }
}

/* Single step: the env's own debug exception, wherever it is raised. */
static int step_int(void *arg)
{
    struct entry e = entry_for(SYS_null, FLAG_TF | 0x202u);

    (void)arg;
    entry_by_int(&e);
    return 0;
}

static int step_stub(void *arg)
{
    struct entry e = entry_for(SYS_null, FLAG_TF | 0x202u);

    (void)arg;
    entry_by_sysenter(&e);
    return 0;
}

/* The step falls on the kernel's first instruction: the kernel takes TF away and goes on. */
static int step_sysenter(void *arg)
{
    uint32_t result;

    (void)arg;
    __asm__ volatile("pushl $1f\n\t"
                     "movl %%esp, %%ecx\n\t"
                     "pushl $0x302\n\t"
                     "popfl\n\t"
                     "sysenter\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_null)
                     : "ecx", "edx", "memory", "cc");
    return (int)result;
}

static void check_single_step(void)
{
    struct env_death death = {.cause = 0};

    CHECK_OK(test_child(step_int, NULL, &death), "syscall_step_int");
    CHECK(death.cause == ENV_FAULTED && death.vector == VECTOR_DEBUG, "syscall_step_int_dies");
    CHECK_OK(test_child(step_stub, NULL, &death), "syscall_step_stub");
    CHECK(death.cause == ENV_FAULTED && death.vector == VECTOR_DEBUG, "syscall_step_stub_dies");
    CHECK_CHILD(step_sysenter, NULL, "syscall_step_sysenter");
}

/* Data segments. */

/* No memory is touched between loading the selectors and taking them back. */
ALWAYS_INLINE uint32_t call_with_segments(uint32_t selector, uint32_t number, bool sysenter)
{
    uint32_t result = number;

    if (sysenter)
        __asm__ volatile("movl %1, %%ds\n\tmovl %1, %%es\n\tmovl %1, %%fs\n\tmovl %1, %%gs\n\t"
                         "call vsys_enter\n\t"
                         "movl %2, %%ds\n\tmovl %2, %%es"
                         : "+a"(result)
                         : "S"(selector), "D"(SEL_USER_DATA)
                         : "ecx", "edx", "memory", "cc");
    else
        __asm__ volatile("movl %1, %%ds\n\tmovl %1, %%es\n\tmovl %1, %%fs\n\tmovl %1, %%gs\n\t"
                         "int $0x30\n\t"
                         "movl %2, %%ds\n\tmovl %2, %%es"
                         : "+a"(result)
                         : "S"(selector), "D"(SEL_USER_DATA)
                         : "memory", "cc");
    return result;
}

/* As long as some timer ticks come in between. */
static void spin_with_segments(uint32_t selector)
{
    __asm__ volatile("movl %1, %%ds\n\tmovl %1, %%es\n\tmovl %1, %%fs\n\tmovl %1, %%gs\n"
                     "1:\n\t"
                     "decl %0\n\t"
                     "jnz 1b\n\t"
                     "movl %2, %%ds\n\tmovl %2, %%es"
                     :
                     : "c"(40000000), "S"(selector), "D"(SEL_USER_DATA)
                     : "memory", "cc");
}

static bool selector_is_good(uint32_t selector)
{
    static const uint32_t calls[] = {SYS_null, SYS_yield, SYS_kernel_info};
    bool good = true;

    for (uint32_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        good = good && call_with_segments(selector, calls[i], true) == 0 &&
               call_with_segments(selector, calls[i], false) == 0;
    return good;
}

static volatile uint32_t neighbour_stop;

/* Shares the CPU with the env that changes segments, and has memory of its own to look after. */
static int neighbour(void *arg)
{
    volatile uint32_t own = 0;
    uint32_t expected = 0;

    (void)arg;
    while (!neighbour_stop) {
        own++;
        expected++;
        if (own != expected)
            return 1;
        if (expected % 64 == 0)
            yield();
    }
    return 0;
}

static void check_segments(void)
{
    struct env_death death = {.cause = 0};
    envid_t other = 0;

    CHECK(selector_is_good(0), "syscall_null_segments");
    CHECK(selector_is_good(SEL_USER_CODE), "syscall_code_segments");
    CHECK(selector_is_good(SEL_USER_DATA), "syscall_data_segments");
    CHECK_OK(test_pin(0, 0), "syscall_segments_pin");
    other = test_thread_start(0, neighbour, NULL);
    CHECK_OK(other, "syscall_segments_neighbour");
    bool good = true;
    for (uint32_t i = 0; i < 100; i++)
        good = good && selector_is_good(0) && selector_is_good(SEL_USER_CODE);
    CHECK(good, "syscall_segments_across_envs");
    spin_with_segments(0);
    spin_with_segments(SEL_USER_CODE);
    neighbour_stop = 1;
    CHECK_OK(thread_join(other, &death), "syscall_segments_neighbour_end");
    CHECK(death.cause == ENV_EXITED && death.status == 0, "syscall_segments_no_harm");
}

static void check_log(void)
{
    CHECK_ERROR(log_write(sizeof(utcb()->buf) + 1), E_INVAL, "syscall_log_too_long");
    CHECK_ERROR(log_write(0xffffffffu), E_INVAL, "syscall_log_far_too_long");
    CHECK_OK(log_write(0), "syscall_log_nothing");
}

int main(void)
{
    check_numbers();
    check_flags();
    check_single_step();
    check_segments();
    check_log();
    return test_status();
}
