/* What user code can do with the processor by itself: each instruction is tried in a thread whose pager we are, so that we
 * hear which fault it had; then the next is tried in the same thread. None may do more than fault. */
#include <stdio.h>
#include <string.h>

#include "abi/ipc.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define CODE  0x50000000u /* the page with the instruction */
#define STACK 0x50004000u /* top of a page with nothing below it */

#define UD 6u
#define NM 7u
#define TS 10u
#define NP 11u
#define SS 12u
#define GP 13u
#define PF 14u

/* What came of an instruction: a fault; or it went on to the end, which is a call to us. */
struct outcome {
    bool faulted;
    uint32_t vector, address, eip;
    uint32_t words[4]; /* at the end: ebx, esi, edi, ebp */
};

static envid_t subject;

static bool subject_make(void)
{
    /* On one CPU, and not the first: each try is some calls to and fro. */
    uint32_t cpu = test_cpus() - 1;

    subject = env_create(0, 0, 0, NOTIFY_CHILD);
    return subject > 0 && test_pin(0, cpu) == 0 && test_pin(subject, cpu) == 0 &&
           env_set_pager(subject, env_self()) == 0 &&
           page_alloc(0, CODE, 1, PERM_RW | PERM_X) == 0 &&
           page_alloc(0, STACK - PAGE_SIZE, 1, PERM_RW) == 0;
}

/* After the code: ds and es flat again, flags as usual, a call to us with the registers. */
static void code_put(const uint8_t *code, uint32_t bytes)
{
    uint8_t *at = (uint8_t *)CODE;
    const uint32_t op = SYS_ipc | IPC_OP_CALL;
    const uint32_t self = (uint32_t)env_self();

    memset(at, 0xcc, PAGE_SIZE);
    memcpy(at, code, bytes);
    at += bytes;
    *at++ = 0xb8; /* movl $op, %eax */
    memcpy(at, &op, 4);
    at += 4;
    *at++ = 0xba; /* movl $self, %edx */
    memcpy(at, &self, 4);
    at += 4;
    *at++ = 0xcd; /* int $0x30 */
    *at++ = 0x30;
}

/* Runs it from these registers (eip is ours, and so is esp if it is 0), and hears what came of it. */
static bool run_code(struct env_regs *regs, struct outcome *outcome)
{
    struct ipc_msg msg = {.w = {0}};

    regs->eip = CODE;
    if (regs->esp == 0)
        regs->esp = STACK;
    if (env_write_regs(subject, regs) != 0 || env_start(subject) != 0)
        return false;
    ipc_set_timeouts(0, TEST_PATIENCE_US);
    int32_t from = ipc(IPC_OP_RECV | IPC_CLOSED | IPC_TIMED, subject, &msg);
    if (from < 0 || ipc_sender(from) != subject)
        return false;
    /* A thread that goes into the call by itself has word 0 as it left it: no fault label. */
    outcome->faulted = IPC_FAULT_IS(msg.w[0]);
    outcome->vector = IPC_FAULT_VECTOR(msg.w[0]);
    outcome->address = msg.w[1];
    outcome->eip = msg.w[2];
    memcpy(outcome->words, msg.w, sizeof(outcome->words));
    return true;
}

/* Returns false: nothing was heard, the kernel has lost it. Stopped in any case, for the next try. */
static bool try_code(const uint8_t *code, uint32_t bytes, struct env_regs *regs,
                     struct outcome *outcome)
{
    code_put(code, bytes);
    bool heard = run_code(regs, outcome);
    return env_stop(subject, ENV_STOP_ABORT) == 0 && heard;
}

/* ---- Privileged instructions. ---- */

struct instruction {
    const char *name;
    uint8_t bytes[8];
    uint8_t count;
};

#define INSTRUCTION(name, ...)                                        \
    {                                                                 \
        (name), {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
    }

static const struct instruction privileged[] = {
    INSTRUCTION("hlt", 0xf4),
    INSTRUCTION("cli", 0xfa),
    INSTRUCTION("sti", 0xfb),
    INSTRUCTION("in al, dx", 0xec),
    INSTRUCTION("in eax, dx", 0xed),
    INSTRUCTION("in al, 0x60", 0xe4, 0x60),
    INSTRUCTION("out dx, al", 0xee),
    INSTRUCTION("out 0x80, al", 0xe6, 0x80),
    INSTRUCTION("insb", 0x6c),
    INSTRUCTION("outsb", 0x6e),
    INSTRUCTION("mov eax, cr0", 0x0f, 0x20, 0xc0),
    INSTRUCTION("mov eax, cr2", 0x0f, 0x20, 0xd0),
    INSTRUCTION("mov eax, cr3", 0x0f, 0x20, 0xd8),
    INSTRUCTION("mov eax, cr4", 0x0f, 0x20, 0xe0),
    INSTRUCTION("mov cr0, eax", 0x0f, 0x22, 0xc0),
    INSTRUCTION("mov cr3, eax", 0x0f, 0x22, 0xd8),
    INSTRUCTION("mov cr4, eax", 0x0f, 0x22, 0xe0),
    INSTRUCTION("mov eax, dr0", 0x0f, 0x21, 0xc0),
    INSTRUCTION("mov eax, dr6", 0x0f, 0x21, 0xf0),
    INSTRUCTION("mov dr0, eax", 0x0f, 0x23, 0xc0),
    INSTRUCTION("mov dr6, eax", 0x0f, 0x23, 0xf0),
    INSTRUCTION("mov dr7, eax", 0x0f, 0x23, 0xf8),
    INSTRUCTION("lgdt", 0x0f, 0x01, 0x14, 0x24),
    INSTRUCTION("lidt", 0x0f, 0x01, 0x1c, 0x24),
    INSTRUCTION("lldt", 0x0f, 0x00, 0xd0),
    INSTRUCTION("ltr", 0x0f, 0x00, 0xd8),
    INSTRUCTION("lmsw", 0x0f, 0x01, 0xf0),
    INSTRUCTION("clts", 0x0f, 0x06),
    INSTRUCTION("invlpg", 0x0f, 0x01, 0x3c, 0x24),
    INSTRUCTION("invd", 0x0f, 0x08),
    INSTRUCTION("wbinvd", 0x0f, 0x09),
    INSTRUCTION("rdmsr", 0x0f, 0x32),
    INSTRUCTION("wrmsr", 0x0f, 0x30),
    INSTRUCTION("sysexit", 0x0f, 0x35),
    INSTRUCTION("clac", 0x0f, 0x01, 0xca),
    INSTRUCTION("stac", 0x0f, 0x01, 0xcb),
    INSTRUCTION("rsm", 0x0f, 0xaa),
    INSTRUCTION("vmcall", 0x0f, 0x01, 0xc1),
    INSTRUCTION("fld1", 0xd9, 0xe8),
    INSTRUCTION("xsetbv", 0x0f, 0x01, 0xd1),
};

static void check_privileged(void)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
        struct env_regs regs = {.edx = 0x60, .ecx = 0x174};
        struct outcome outcome;

        if (!try_code(privileged[i].bytes, privileged[i].count, &regs, &outcome) ||
            !outcome.faulted || outcome.eip != CODE ||
            (outcome.vector != GP && outcome.vector != UD && outcome.vector != NM)) {
            printf("# %s: faulted %d vector %u\n", privileged[i].name, outcome.faulted,
                   outcome.vector);
            wrong++;
        }
    }
    CHECK_EQ(wrong, 0, "isolation_cpu_privileged");
}

/* ---- Every vector. ---- */

static void check_vectors(void)
{
    uint32_t wrong = 0;

    for (uint32_t vector = 0; vector < 256; vector++) {
        const uint8_t code[] = {0xcd, (uint8_t)vector};
        struct env_regs regs = {.eax = SYS_null, .ebx = 1};
        struct outcome outcome;
        bool heard = try_code(code, sizeof(code), &regs, &outcome);
        bool is_gate = vector == 3 || vector == 4;

        if (heard && vector == SYSCALL_VECTOR && !outcome.faulted)
            continue;
        if (heard && outcome.faulted && outcome.vector == (is_gate ? vector : GP))
            continue;
        printf("# int %u: heard %d faulted %d vector %u\n", vector, heard, outcome.faulted,
               outcome.vector);
        wrong++;
    }
    CHECK_EQ(wrong, 0, "isolation_cpu_vectors");
}

/* ---- Selectors. ---- */

/* With each selector that user code could name in a data segment: kernel memory stays out of reach through it. */
static void check_data_selectors(void)
{
    static const uint8_t prefixes[] = {0x3e, 0x26, 0x64, 0x65, 0x36}; /* ds es fs gs ss */
    static const uint8_t loads[] = {0xd8, 0xc0, 0xe0, 0xe8, 0xd0};    /* movl %eax, %sreg */
    uint32_t wrong = 0;
    uint32_t loaded = 0;

    for (uint32_t which = 0; which < 5; which++) {
        for (uint32_t selector = 0; selector < 0x200; selector++) {
            /* mov %eax, %sreg; mov %sreg:(%ebx), %ecx */
            const uint8_t code[] = {0x8e, loads[which], prefixes[which], 0x8b, 0x0b};
            struct env_regs regs = {.eax = selector, .ebx = KERNEL_BASE + 0x100000};
            struct outcome outcome;

            if (!try_code(code, sizeof(code), &regs, &outcome) || !outcome.faulted) {
                printf("# segment %u selector 0x%x: kernel memory was read\n", which, selector);
                wrong++;
            } else if (outcome.eip != CODE) {
                loaded++;
            }
        }
    }
    CHECK_EQ(wrong, 0, "isolation_cpu_data_selectors");
    CHECK(loaded != 0, "isolation_cpu_some_selectors_load");
}

/* Far calls and jumps: no selector leads anywhere but to user code. */
static void check_code_selectors(void)
{
    uint32_t wrong = 0;

    for (uint32_t jump = 0; jump < 2; jump++) {
        for (uint32_t selector = 0; selector < 0x200; selector++) {
            const uint8_t code[] = {jump ? 0xea : 0x9a,      0, 0, 0, 0, (uint8_t)selector,
                                    (uint8_t)(selector >> 8)};
            struct env_regs regs = {.eax = 0};
            struct outcome outcome;

            /* To the user's code segment: then it faults at address 0, as user code. */
            if (!try_code(code, sizeof(code), &regs, &outcome) || !outcome.faulted ||
                (outcome.eip != CODE && !(outcome.vector == PF && outcome.eip == 0))) {
                printf("# far %u to 0x%x: vector %u eip %x\n", jump, selector, outcome.vector,
                       outcome.eip);
                wrong++;
            }
        }
    }
    CHECK_EQ(wrong, 0, "isolation_cpu_code_selectors");
}

/* ---- Flags. ---- */

#define FLAG_IF   0x200u
#define FLAG_IOPL 0x3000u
#define FLAG_NT   0x4000u
#define FLAG_VM   0x20000u
#define FLAG_AC   0x40000u
#define FLAG_VIF  0x180000u

/* popf with any flags but TF: afterwards interrupts are on, and there is no privilege in them. */
static void check_flags(void)
{
    static const uint8_t code[] = {0x50, 0x9d, 0x9c, 0x5b, 0x6a, 0x02, 0x9d};
    uint32_t random = 7;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < 200; i++) {
        random = random * 1664525u + 1013904223u;
        struct env_regs regs = {.eax = (i < 32 ? 1u << i : random) & ~0x100u};
        struct outcome outcome;

        if (!try_code(code, sizeof(code), &regs, &outcome) || outcome.faulted ||
            !(outcome.words[0] & FLAG_IF) || outcome.words[0] & (FLAG_IOPL | FLAG_VM | FLAG_VIF)) {
            printf("# flags 0x%x became 0x%x, faulted %d\n", regs.eax, outcome.words[0],
                   outcome.faulted);
            wrong++;
        }
    }
    CHECK_EQ(wrong, 0, "isolation_cpu_flags");
}

/* iret with NT set would switch tasks; an unaligned access with AC may fault, and no more. */
static void check_odd_flags(void)
{
    static const uint8_t nested[] = {0x68, 0x02, 0x40, 0, 0, 0x9d, 0xcf};
    static const uint8_t unaligned[] = {0x68, 0x02, 0x02, 0x04, 0, 0x9d, 0x8b, 0x4c, 0x24, 0xfd};
    struct env_regs regs = {.eax = 0};
    struct outcome outcome;

    CHECK(try_code(nested, sizeof(nested), &regs, &outcome) && outcome.faulted &&
              (outcome.vector == GP || outcome.vector == TS || outcome.vector == PF),
          "isolation_cpu_nested_task");
    regs = (struct env_regs){.eax = 0};
    CHECK(try_code(unaligned, sizeof(unaligned), &regs, &outcome), "isolation_cpu_unaligned");
}

/* ---- sysenter with anything in the registers. ---- */

static void check_sysenter(void)
{
    static const uint8_t code[] = {0x89, 0xe9, 0x0f, 0x34}; /* movl %ebp, %ecx; sysenter */
    static const uint32_t stacks[] = {0,           1,           PAGE_SIZE,   USER_TOP,
                                      UVPT_WINDOW, KERNEL_BASE, 0xff414ff0u, 0xfffffffcu,
                                      0xffffffffu, VSYS_ENTER,  ENVS_WINDOW, STACK - 4,
                                      THIS_UTCB,   0x80000000u, STACK + 1,   STACK - PAGE_SIZE - 2};
    uint32_t random = 99;
    uint32_t lost = 0;

    for (uint32_t i = 0; i < 400; i++) {
        struct env_regs regs;
        struct outcome outcome;

        for (uint32_t w = 0; w < sizeof(regs) / 4; w++) {
            random = random * 1664525u + 1013904223u;
            ((uint32_t *)(void *)&regs)[w] = random >> 3;
        }
        regs.eflags = 0x202;
        regs.ebp = i % 4 == 0 ? regs.ebp : stacks[i % 16];
        /* No call that would end it, or let it wait, or make envs. */
        regs.eax = i % 2 == 0 ? SYS_null : SYS_MAX + random % 100;
        /* It returns to the stub, whose ret takes its address from that stack. */
        lost += !try_code(code, sizeof(code), &regs, &outcome) || !outcome.faulted;
    }
    CHECK_EQ(lost, 0, "isolation_cpu_sysenter");
}

/* ---- Stacks. ---- */

static void check_stacks(void)
{
    static const uint8_t push[] = {0x50, 0xeb, 0xfd}; /* again and again */
    static const uint8_t call[] = {0xe8, 0xfb, 0xff, 0xff, 0xff};
    struct env_regs regs = {.eax = 0};
    struct outcome outcome;

    CHECK(try_code(push, sizeof(push), &regs, &outcome) && outcome.faulted &&
              outcome.vector == PF && outcome.address == STACK - PAGE_SIZE - 4,
          "isolation_cpu_stack_overflow");
    regs = (struct env_regs){.esp = STACK};
    CHECK(try_code(call, sizeof(call), &regs, &outcome) && outcome.faulted &&
              outcome.vector == PF && outcome.address == STACK - PAGE_SIZE - 4,
          "isolation_cpu_stack_recursion");
    /* An interrupt that comes while the stack pointer names kernel memory pushes nothing there. */
    static const uint8_t wait[] = {0xbc, 0xf0, 0x4f, 0x41, 0xff, 0x49, 0x75, 0xfd};
    regs = (struct env_regs){.ecx = 20000000};
    CHECK(try_code(wait, sizeof(wait), &regs, &outcome) && !outcome.faulted,
          "isolation_cpu_kernel_stack_pointer");
}

int main(void)
{
    if (!CHECK(subject_make(), "isolation_cpu_subject"))
        return test_status();
    check_privileged();
    check_vectors();
    check_data_selectors();
    check_code_selectors();
    check_flags();
    check_odd_flags();
    check_sysenter();
    check_stacks();
    process_kill(subject);
    (void)!page_unmap(0, CODE, 1);
    (void)!page_unmap(0, STACK - PAGE_SIZE, 1);
    return test_status();
}
