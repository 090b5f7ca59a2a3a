/* The page-fault upcall: its frame, the way back, nested faults, and what ends the env. */
#include "tests/jos/test.h"
#include <inc/x86.h>

#define PLACE  0x10000000u
#define NESTED 0x10400000u

static struct UTrapframe seen[2];
static uintptr_t seen_at[2];
static uint32_t depth;
static uint32_t calls;

static void map_page(struct UTrapframe *utf)
{
    if (calls < 2) {
        seen[calls] = *utf;
        seen_at[calls] = (uintptr_t)utf;
    }
    calls++;
    if (sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), PTE_RW) < 0)
        panic("no page");
}

/* Faults itself before it maps. */
static void map_nested(struct UTrapframe *utf)
{
    bool is_outer = utf->utf_fault_va < NESTED;

    if (is_outer)
        *(volatile uint32_t *)(NESTED + (utf->utf_fault_va & 0xffffff)) = 7;
    map_page(utf);
}

/* Faults in the handler, `depth` deep. */
static void map_deep(struct UTrapframe *utf)
{
    if (calls < depth) {
        calls++;
        *(volatile uint32_t *)(utf->utf_fault_va + PGSIZE) = 1;
    }
    if (sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), PTE_RW) < 0)
        panic("no page");
}

static void handler_forever(struct UTrapframe *utf)
{
    *(volatile uint32_t *)(utf->utf_fault_va + PGSIZE) = 1;
}

/* A fault with known registers: all come back, the instruction has been done. */
static __attribute__((noinline)) void check_frame(void)
{
    uint32_t eax = 0x11;
    uint32_t ecx = 0x22;
    uint32_t edx = 0x33;
    uint32_t esi = PLACE + 8;
    uint32_t edi = 0x44;
    uint32_t flags;

    set_pgfault_handler(map_page);
    __asm__ volatile("stc\n\tmovl %%eax, (%%esi)\n\tpushfl\n\tpopl %5"
                     : "+a"(eax), "+c"(ecx), "+d"(edx), "+S"(esi), "+D"(edi), "=r"(flags)
                     :
                     : "memory", "cc");
    CHECK_EQ(seen[0].utf_fault_va, PLACE + 8, "jos_upcall_va");
    CHECK_EQ(seen[0].utf_err, FEC_U | FEC_WR, "jos_upcall_error");
    CHECK(seen[0].utf_regs.reg_eax == 0x11 && seen[0].utf_regs.reg_ecx == 0x22 &&
              seen[0].utf_regs.reg_edx == 0x33 && seen[0].utf_regs.reg_esi == PLACE + 8 &&
              seen[0].utf_regs.reg_edi == 0x44,
          "jos_upcall_registers");
    CHECK(seen[0].utf_eip - (uintptr_t)check_frame < 0x200, "jos_upcall_eip");
    CHECK(seen[0].utf_esp < USTACKTOP && seen[0].utf_esp >= USTACKTOP - PGSIZE, "jos_upcall_esp");
    CHECK((seen[0].utf_eflags & (FL_CF | FL_IF)) == (FL_CF | FL_IF), "jos_upcall_eflags");
    CHECK_EQ(seen_at[0], UXSTACKTOP - sizeof(struct UTrapframe), "jos_upcall_at_top");
    CHECK(eax == 0x11 && ecx == 0x22 && edx == 0x33 && esi == PLACE + 8 && edi == 0x44 &&
              flags & FL_CF,
          "jos_upcall_restores");
    CHECK_EQ(*(volatile uint32_t *)(PLACE + 8), 0x11, "jos_upcall_restarts");
}

/* Registers with known values, a store that faults, and the registers afterwards; the caller's are kept. */
struct registers {
    struct PushRegs r;
    uint32_t eflags;
};

#define EFLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_DF | FL_OF)

extern struct registers after; /* named in the assembly below */
extern uint32_t callers_esp;
struct registers after;
uint32_t callers_esp;

void store_with_all_registers(void);
extern const char the_store[];

__asm__("        .text\n"
        "store_with_all_registers:\n"
        "        pushal\n"
        "        movl    %esp, callers_esp\n"
        "        pushl   $0xcd5\n" /* EFLAGS */
        "        popfl\n"
        "        movl    $0x1ed1, %edi\n"
        "        movl    $0x1e51, %esi\n"
        "        movl    $0x1eb9, %ebp\n"
        "        movl    $0x1eb8, %ebx\n"
        "        movl    $0x1ed8, %edx\n"
        "        movl    $0x1ec8, %ecx\n"
        "        movl    $0x1ea8, %eax\n"
        "the_store:\n"
        "        movl    %eax, 0x10300000\n"
        "        movl    %edi, after\n"
        "        movl    %esi, after + 4\n"
        "        movl    %ebp, after + 8\n"
        "        movl    %esp, after + 12\n"
        "        movl    %ebx, after + 16\n"
        "        movl    %edx, after + 20\n"
        "        movl    %ecx, after + 24\n"
        "        movl    %eax, after + 28\n"
        "        pushfl\n"
        "        popl    after + 32\n"
        "        movl    callers_esp, %esp\n"
        "        cld\n"
        "        popal\n"
        "        ret\n");

static bool are_known(const struct PushRegs *r)
{
    return r->reg_edi == 0x1ed1 && r->reg_esi == 0x1e51 && r->reg_ebp == 0x1eb9 &&
           r->reg_ebx == 0x1eb8 && r->reg_edx == 0x1ed8 && r->reg_ecx == 0x1ec8 &&
           r->reg_eax == 0x1ea8;
}

/* As the lab's faultregs. */
static void check_registers(void)
{
    calls = 0;
    store_with_all_registers();
    CHECK(are_known(&seen[0].utf_regs) && seen[0].utf_eip == (uintptr_t)the_store &&
              seen[0].utf_esp == callers_esp && (seen[0].utf_eflags & EFLAGS) == EFLAGS,
          "jos_upcall_all_registers");
    CHECK(are_known(&after.r) && after.r.reg_oesp == callers_esp &&
              (after.eflags & EFLAGS) == EFLAGS,
          "jos_upcall_restores_all");
    CHECK_EQ(*(uint32_t *)0x10300000, 0x1ea8, "jos_upcall_stores");
}

/* Who has unmapped the exception stack gets another by naming a handler. */
static void check_stack_again(void)
{
    calls = 0;
    sys_page_unmap(0, (void *)(UXSTACKTOP - PGSIZE));
    set_pgfault_handler(map_page);
    *(volatile uint32_t *)(PLACE + 0x40000) = 3;
    CHECK_EQ(calls, 1, "jos_upcall_stack_again");
}

/* The second frame lies below the first handler's stack, with a word between. */
static void check_nested(void)
{
    calls = 0;
    set_pgfault_handler(map_nested);
    *(volatile uint32_t *)(PLACE + 0x10000) = 5;
    CHECK_EQ(calls, 2, "jos_upcall_nested_calls");
    CHECK_EQ(seen[0].utf_fault_va, NESTED + 0x10000, "jos_upcall_nested_va");
    CHECK_EQ(seen_at[0], seen[0].utf_esp - 4 - sizeof(struct UTrapframe), "jos_upcall_spare_word");
    CHECK_EQ(seen_at[1], UXSTACKTOP - sizeof(struct UTrapframe), "jos_upcall_outer_at_top");
    CHECK(*(uint32_t *)(PLACE + 0x10000) == 5 && *(uint32_t *)(NESTED + 0x10000) == 7,
          "jos_upcall_nested_restarts");
    calls = 0;
    depth = 5;
    set_pgfault_handler(map_deep);
    *(volatile uint32_t *)(PLACE + 0x20000) = 9;
    CHECK(calls == 5 && *(uint32_t *)(PLACE + 0x20000) == 9 &&
              *(uint32_t *)(PLACE + 0x20000 + 5 * PGSIZE) == 1,
          "jos_upcall_nested_deep");
}

/* In a child each, which must not come back. */
static void check_dies(void (*body)(void), const char *id)
{
    envid_t child = fork();

    if (child == 0) {
        body();
        cprintf("not ok - %s: the child lives on\n", id);
        exit();
    }
    test_wait(child);
    cprintf("ok - %s_over\n", id);
}

static void overflow(void)
{
    set_pgfault_handler(handler_forever);
    *(volatile uint32_t *)0x20000000 = 1;
}

static void no_stack(void)
{
    sys_page_unmap(0, (void *)(UXSTACKTOP - PGSIZE));
    *(volatile uint32_t *)0x20000000 = 1;
}

static void readonly_stack(void)
{
    sys_page_map(0, (void *)(UXSTACKTOP - PGSIZE), 0, (void *)(UXSTACKTOP - PGSIZE), PTE_RO);
    *(volatile uint32_t *)0x20000000 = 1;
}

static void no_upcall(void)
{
    sys_env_set_pgfault_upcall(0, NULL);
    *(volatile uint32_t *)0x20000000 = 1;
}

static void divide(void)
{
    __asm__ volatile("xorl %%eax, %%eax; xorl %%edx, %%edx; divl %%eax" : : : "eax", "edx", "cc");
}

void umain(int argc, char **argv)
{
    check_frame();
    check_registers();
    check_nested();
    check_stack_again();
    check_dies(overflow, "jos_upcall_overflow");
    check_dies(no_stack, "jos_upcall_no_stack");
    check_dies(readonly_stack, "jos_upcall_readonly_stack");
    check_dies(no_upcall, "jos_upcall_none");
    check_dies(divide, "jos_upcall_for_page_faults_alone");
}
