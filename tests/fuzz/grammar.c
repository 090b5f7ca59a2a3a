/* Random system calls, see grammar.h. */
#include "tests/fuzz/grammar.h"

#include <stdlib.h>
#include <string.h>

#include "abi/debug.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "grain/layout.h"
#include "grain/syscall.h"
#include "grain/utcb.h"
#include "grain/windows.h"

enum kind {
    K_NONE,
    K_ENV,
    K_HEIR, /* an env, but not the one that started us: what it inherits is out of reach */
    K_FLAGS,
    K_BITS,
    K_BYTES,
    K_QUOTA,
    K_WORD,
    K_EIP,
    K_TOP,
    K_PRIORITY,
    K_CPU,
    K_VA,
    K_PAGES,
    K_PERM,
    K_TARGET, /* an address with permissions in its low bits */
    K_LINE,
    K_PORT,
    K_WIDTH,
    K_DEBUG, /* the check, or nothing: faults are injected by tests that expect them */
};

/* The grammar: FUZZ_<call> lists the kinds of its arguments. */
#define FUZZ_null               K_NONE
#define FUZZ_ipc                K_ENV, K_WORD, K_WORD, K_WORD, K_WORD
#define FUZZ_yield              K_NONE
#define FUZZ_notify             K_ENV, K_BITS
#define FUZZ_log_write          K_BYTES
#define FUZZ_env_create         K_FLAGS, K_ENV, K_QUOTA, K_BITS
#define FUZZ_env_start          K_ENV
#define FUZZ_env_stop           K_ENV, K_FLAGS
#define FUZZ_env_destroy        K_ENV, K_WORD
#define FUZZ_env_reap           K_ENV
#define FUZZ_env_read_regs      K_ENV
#define FUZZ_env_write_regs     K_ENV
#define FUZZ_env_set_pager      K_ENV, K_ENV
#define FUZZ_env_set_controller K_ENV, K_HEIR, K_BITS
#define FUZZ_env_set_upcall     K_ENV, K_EIP, K_TOP
#define FUZZ_env_set_sched      K_ENV, K_PRIORITY, K_CPU
#define FUZZ_env_set_limits     K_ENV
#define FUZZ_env_attach         K_ENV
#define FUZZ_page_alloc         K_ENV, K_VA, K_PAGES, K_PERM
#define FUZZ_page_map           K_ENV, K_VA, K_ENV, K_TARGET, K_PAGES
#define FUZZ_page_unmap         K_ENV, K_VA, K_PAGES
#define FUZZ_page_protect       K_ENV, K_VA, K_PAGES, K_PERM
#define FUZZ_aspace_info        K_ENV
#define FUZZ_irq_attach         K_LINE, K_BITS
#define FUZZ_irq_ack            K_LINE
#define FUZZ_port_in            K_PORT, K_WIDTH
#define FUZZ_port_out           K_PORT, K_WIDTH, K_WORD
#define FUZZ_kernel_info        K_NONE
#define FUZZ_page_info          K_ENV, K_VA
#define FUZZ_page_copy          K_ENV, K_VA, K_ENV, K_TARGET, K_PAGES
#define FUZZ_debug              K_DEBUG, K_WORD, K_WORD

struct grammar {
    const char *name;
    uint8_t count;
    uint8_t kinds[5];
};

static const struct grammar grammar[SYS_MAX] = {
#define X(number, name, args, text) [number] = {#name, args, {FUZZ_##name}},
    GRAIN_SYSCALL_LIST(X)
#undef X
};

#define X(number, name, args, text)                                                      \
    _Static_assert(sizeof((const uint8_t[]){FUZZ_##name}) == ((args) == 0 ? 1 : (args)), \
                   #name ": a kind for each argument");
GRAIN_SYSCALL_LIST(X)
#undef X

#define ENTRY ".balign 32\n\t"
__asm__(".text\n"
        ".balign 4096\n\t"
        ".globl fuzz_code, fuzz_code_end\n"
        "fuzz_code:\n" ENTRY "1: movl $2, %eax\n\tint $0x30\n\tjmp 1b\n" /* gives way for ever */
        ENTRY "1: jmp 1b\n"                                              /* does not */
        ENTRY
        "2: movl %ecx, %eax\n\tint $0x30\n\tincl %ebx\n\tjmp 2b\n" /* one call again and again */
        ENTRY "3: movl %ecx, %eax\n\tint $0x30\n\tmovl $2, %eax\n\tint $0x30\n\tjmp 3b\n" ENTRY
        "movl %ecx, %eax\n\tmovl %ebp, %ecx\n\tsysenter\n" /* returns to where nothing is */
        ENTRY "movl %eax, (%ebx)\n\tmovl (%esi), %eax\n\tmovl %eax, (%edi)\n\thlt\n" ENTRY
        "movl %ebx, %esp\n\tpushal\n\tpopal\n\tiret\n" ENTRY
        "movl %ebx, %ds\n\tmovl %esi, %es\n\tmovl %edi, %ss\n\tmovl %edx, %fs\n" ENTRY
        "movl %ebx, %eax\n\tmovl %eax, %cr3\n" ENTRY "movl %ebx, %dr7\n" ENTRY "lgdt (%ebx)\n" ENTRY
        "lidt (%ebx)\n" ENTRY "wrmsr\n" ENTRY "cli\n" ENTRY "outb %al, %dx\n" ENTRY
        "inl %dx, %eax\n" ENTRY "int $0x20\n" ENTRY "int $0x80\n" ENTRY "int $8\n" ENTRY
        "int3\n\tjmp fuzz_code\n" ENTRY "invlpg (%ebx)\n" ENTRY "ud2\n" ENTRY
        "lcall $0x08, $0\n" ENTRY "ljmp $0x1b, $0xff000000\n" ENTRY
        "movl $8, %eax\n\txorl %edx, %edx\n\tint $0x30\n" /* ends itself */
        ENTRY "fuzz_code_end:\n\t"
        ".balign 4096\n");
_Static_assert(SYS_yield == 2 && SYS_env_destroy == 8, "fuzz_code");

uint32_t fuzz_below(struct fuzz *f, uint32_t limit)
{
    return rand_below(&f->random, limit);
}

bool fuzz_one_in(struct fuzz *f, uint32_t n)
{
    return fuzz_below(f, n) == 0;
}

const char *fuzz_name(uint32_t number)
{
    return grammar[number].name;
}

static uint32_t of(struct fuzz *f, const uint32_t *values, uint32_t count)
{
    return values[fuzz_below(f, count)];
}
#define ONE_OF(f, ...) \
    of((f), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

uint32_t fuzz_word(struct fuzz *f)
{
    switch (fuzz_below(f, 3)) {
    case 0:
        return fuzz_below(f, 70);
    case 1:
        return ONE_OF(f, 0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 0x80000001, PAGE_MASK, PAGE_SIZE,
                      USER_TEXT, USER_TOP - PAGE_SIZE, USER_TOP, UTCB_AREA + PAGE_SIZE, UVPT_WINDOW,
                      UVPD_WINDOW, KERNEL_BASE - PAGE_SIZE, KERNEL_BASE, VSYS_ENTER, SYSINFO_WINDOW,
                      ENVS_WINDOW, THIS_UTCB, 0xfffff000, USER_STACK_TOP - PAGE_SIZE);
    default:
        return rand_r(&f->random);
    }
}

envid_t fuzz_env(struct fuzz *f)
{
    uint32_t which = fuzz_below(f, 16);

    if (which < 3)
        return 0;
    if (which < 12)
        return f->handles[fuzz_below(f, FUZZ_HANDLES)];
    if (which < 15)
        return env_record((envid_t)fuzz_below(f, 64))->id;
    return (envid_t)fuzz_word(f);
}

void fuzz_keep(struct fuzz *f, envid_t id)
{
    if (id > 0)
        f->handles[fuzz_below(f, FUZZ_HANDLES)] = id;
}

static uint32_t make_va(struct fuzz *f)
{
    uint32_t which = fuzz_below(f, 32);

    if (which < 26)
        return FUZZ_ARENA + fuzz_below(f, FUZZ_ARENA_PAGES) * PAGE_SIZE;
    return which < 31 ? fuzz_word(f) : fuzz_word(f) & ~PAGE_MASK;
}

static uint32_t make_pages(struct fuzz *f)
{
    uint32_t which = fuzz_below(f, 32);

    if (which < 24)
        return 1 + fuzz_below(f, 6);
    if (which < 30)
        return fuzz_below(f, 100);
    return ONE_OF(f, 0, 512, 513, PAGE_CALL_MAX, PAGE_CALL_MAX + 1, 0x100000, 0xffffffff,
                  0x80000001);
}

static uint32_t make_perm(struct fuzz *f)
{
    uint32_t which = fuzz_below(f, 16);

    if (which < 12)
        return ONE_OF(f, PERM_R, PERM_RW, PERM_RX, PERM_RW | PERM_X, PERM_RW | PERM_AVAIL,
                      PERM_R | PERM_HOLES, PERM_RW | PERM_HOLES);
    return which < 15 ? fuzz_below(f, PAGE_SIZE) : fuzz_word(f);
}

static uint32_t make_bits(struct fuzz *f)
{
    return fuzz_one_in(f, 3) ? fuzz_word(f) : 1u << fuzz_below(f, 32);
}

/* Not the first env, which is the supervisor's controller: an env that is handed to it, as is allowed, is out of the
 * supervisor's reach. Its id is PAGE_SIZE, too. */
static uint32_t not_first(uint32_t word)
{
    return word == (uint32_t)env_record(0)->id ? (uint32_t)env_self() : word;
}

static uint32_t make_eip(struct fuzz *f)
{
    uint32_t entries = (uint32_t)(fuzz_code_end - fuzz_code) / FUZZ_ENTRY;

    if (fuzz_one_in(f, 8))
        return fuzz_one_in(f, 2) ? VSYS_ENTER + fuzz_below(f, 64) : fuzz_word(f) & ~0xfffffu;
    /* Those that run on are rare enough not to take the CPU from all others. */
    uint32_t entry = fuzz_below(f, entries);
    return (uint32_t)(uintptr_t)fuzz_code +
           (entry == 1 && !fuzz_one_in(f, 8) ? 0 : entry) * FUZZ_ENTRY;
}

static uint32_t make_argument(struct fuzz *f, enum kind kind)
{
    switch (kind) {
    case K_NONE:
        return fuzz_word(f);
    case K_ENV:
        return (uint32_t)fuzz_env(f);
    case K_HEIR:
        return not_first((uint32_t)fuzz_env(f));
    case K_FLAGS:
        return fuzz_one_in(f, 16) ? fuzz_word(f) : fuzz_below(f, 4);
    case K_BITS:
        return make_bits(f);
    case K_BYTES:
        return fuzz_one_in(f, 4) ? 0 : 4 * UTCB_BUF_WORDS + 1 + fuzz_word(f) / 2;
    case K_QUOTA:
        return fuzz_one_in(f, 4) ? fuzz_word(f) : fuzz_below(f, 200);
    case K_WORD:
        return fuzz_word(f);
    case K_EIP:
        return fuzz_one_in(f, 4) ? 0 : make_eip(f);
    case K_TOP:
        return fuzz_one_in(f, 4) ? fuzz_word(f) : make_va(f);
    case K_PRIORITY:
        return fuzz_one_in(f, 8) ? fuzz_word(f) : fuzz_below(f, SCHED_PRIORITIES + 1);
    case K_CPU:
        return fuzz_one_in(f, 3) ? SCHED_ANY_CPU : fuzz_below(f, sysinfo()->ncpus + 1);
    case K_VA:
        return make_va(f);
    case K_PAGES:
        return make_pages(f);
    case K_PERM:
        return make_perm(f);
    case K_TARGET:
        return make_va(f) + (make_perm(f) & PAGE_MASK);
    case K_LINE:
        return fuzz_one_in(f, 4) ? fuzz_word(f) : ONE_OF(f, 8, 8, 4, 0, 31);
    case K_PORT:
        return fuzz_one_in(f, 2) ? fuzz_word(f)
                                 : ONE_OF(f, 0x70, 0x71, 0x80, 0x60, 0xffff, 0x10000);
    case K_DEBUG:
        return ONE_OF(f, DEBUG_CHECK, 0, DEBUG_OP_END, 0xffffffff);
    case K_WIDTH:
        return fuzz_one_in(f, 8) ? fuzz_word(f) : fuzz_below(f, 6);
    }
    return 0;
}

/* What travels in the message page. */

void fuzz_registers(struct fuzz *f, struct env_regs *regs)
{
    uint32_t *words = (uint32_t *)(void *)regs;

    for (uint32_t i = 0; i < sizeof(*regs) / 4; i++)
        words[i] = fuzz_word(f);
    regs->eip = make_eip(f);
    regs->esp = make_va(f);
    regs->ebx =
        not_first(make_va(f)); /* whoever makes calls with these may make env_set_controller */
    regs->ecx = fuzz_below(f, SYS_MAX + 1);
    regs->edx = (uint32_t)fuzz_env(f);
}

/* Below what is there, mostly: a list that grows is refused as a whole. */
static void make_limits(struct fuzz *f, struct env_limits *limits)
{
    limits->syscalls[0] = fuzz_one_in(f, 4) ? rand_r(&f->random) : ~(1u << fuzz_below(f, 32));
    limits->syscalls[1] = fuzz_one_in(f, 2) ? 0 : rand_r(&f->random);
    limits->send_count = fuzz_one_in(f, 4) ? fuzz_word(f) : fuzz_below(f, ENV_SEND_LIST + 2);
    if (fuzz_one_in(f, 2))
        limits->send_count = ENV_SEND_ANY;
    for (uint32_t i = 0; i < ENV_SEND_LIST; i++)
        limits->send_to[i] = fuzz_env(f);
    for (uint32_t i = 0; i < ENV_PORT_LIST; i++)
        limits->ports[i] = (struct env_port_range){0x80, fuzz_one_in(f, 16) ? 0x81 : 0x80};
    limits->irqs = fuzz_one_in(f, 16) ? 1u << fuzz_below(f, 32) : 1u << 8;
    limits->priority = fuzz_one_in(f, 16) ? fuzz_word(f) : fuzz_below(f, SCHED_PRIO_DEFAULT + 1);
    limits->frames = fuzz_one_in(f, 2) ? 0 : fuzz_below(f, 400);
}

static void make_message(struct fuzz *f)
{
    struct utcb *self = utcb();

    self->send_va = make_va(f);
    self->send_pages = fuzz_one_in(f, 8) ? fuzz_word(f) : fuzz_below(f, IPC_PAGES_MAX + 2);
    self->send_perm = make_perm(f) | (fuzz_one_in(f, 3) ? IPC_MOVE : 0);
    self->win_va = make_va(f);
    self->win_pages = make_pages(f);
    self->send_us = fuzz_one_in(f, 32) ? IPC_NEVER : fuzz_below(f, 300);
    self->recv_us = fuzz_one_in(f, 32) ? IPC_NEVER : fuzz_below(f, 300);
    self->words[fuzz_below(f, IPC_WORDS_MAX)] = fuzz_word(f);
}

static uint32_t make_operation(struct fuzz *f)
{
    uint32_t op =
        ONE_OF(f, IPC_OP_SEND, IPC_OP_RECV, IPC_OP_CALL, IPC_OP_REPLY_RECV, IPC_SEND | IPC_REPLY,
               IPC_OP_SEND | IPC_TRY, IPC_OP_RECV | IPC_CLOSED, IPC_OP_RECV | IPC_RECORD);

    if (fuzz_one_in(f, 16))
        return rand_r(&f->random) & ~0xffu;
    if (!fuzz_one_in(f, 32)) /* one in so many may wait for ever */
        op |= IPC_TIMED;
    if (op & IPC_SEND)
        op |= (fuzz_one_in(f, 3) ? IPC_PAGES : 0) |
              (fuzz_one_in(f, 3) ? fuzz_below(f, IPC_WORDS_MAX + 2) << IPC_WORDS_SHIFT : 0);
    if (op & IPC_RECV)
        op |= fuzz_one_in(f, 2) ? IPC_WINDOW : 0;
    return op;
}

/* What ends or cripples a thread for good is for the handles, or little else would happen. */
static bool is_harsh(uint32_t number)
{
    return number == SYS_env_destroy || number == SYS_env_stop || number == SYS_env_set_limits ||
           number == SYS_env_set_controller || number == SYS_env_write_regs;
}

void fuzz_make(struct fuzz *f, struct fuzz_call *call)
{
    uint32_t number = fuzz_below(f, SYS_MAX);

    *call = (struct fuzz_call){.number = number, .eax = number, .by_int = fuzz_one_in(f, 2)};
    for (uint32_t i = 0; i < 5; i++)
        call->args[i] = make_argument(f, (enum kind)grammar[number].kinds[i]);
    if (is_harsh(number) && !fuzz_one_in(f, 64))
        call->args[0] = (uint32_t)f->handles[fuzz_below(f, FUZZ_HANDLES)];
    if (number == SYS_ipc) {
        call->eax |= make_operation(f);
        make_message(f);
    } else if (number == SYS_env_write_regs) {
        fuzz_registers(f, (struct env_regs *)(void *)utcb()->buf);
    } else if (number == SYS_env_set_limits) {
        make_limits(f, (struct env_limits *)(void *)utcb()->buf);
    }
}

/* ebp may be the frame pointer, which no operand can name, see grain/ipc.h. */
int32_t fuzz_do(const struct fuzz_call *call)
{
    uint32_t a = call->args[0];
    uint32_t b = call->args[1];
    uint32_t c = call->args[2];
    uint32_t d = call->args[3];
    uint32_t e = call->args[4];
    int32_t result;

    if (call->by_int)
        __asm__ volatile("pushl %%ebp\n\tmovl %%ecx, %%ebp\n\tint $0x30\n\tpopl %%ebp"
                         : "=a"(result), "+d"(a), "+b"(b), "+S"(c), "+D"(d), "+c"(e)
                         : "a"(call->eax)
                         : "memory", "cc");
    else
        __asm__ volatile("pushl %%ebp\n\tmovl %%ecx, %%ebp\n\tcall vsys_enter\n\tpopl %%ebp"
                         : "=a"(result), "+d"(a), "+b"(b), "+S"(c), "+D"(d), "+c"(e)
                         : "a"(call->eax)
                         : "memory", "cc");
    return result;
}
