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
    check_nested();
    check_dies(overflow, "jos_upcall_overflow");
    check_dies(no_stack, "jos_upcall_no_stack");
    check_dies(readonly_stack, "jos_upcall_readonly_stack");
    check_dies(no_upcall, "jos_upcall_none");
    check_dies(divide, "jos_upcall_for_page_faults_alone");
}
