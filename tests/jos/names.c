/* Each name of the lab's headers for user code, so that one which is missing does not compile or link; and the
 * names that are a program's own affair though the library, or the linker, has something of that name. */
#include <inc/mmu.h> /* first: needs no other */

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/lib.h>
#include <inc/memlayout.h>
#include <inc/stdarg.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/trap.h>
#include <inc/types.h>
#include <inc/x86.h>

#include "tests/jos/test.h"

#ifndef JOS_USER
#error JOS_USER is not defined
#endif

/* ---- A program's own. ---- */

int end = 5;
int text_start = 6;
int text_end = 7;
int format_text = 8;
int cow_fault = 9;

static int pageref(void *v)
{
    return v == NULL ? 10 : 0;
}

/* Takes sys_cgetc and readline from the library: a line with two mistakes in it, and then no more. */
int getchar(void)
{
    static const char typed[] = "hi\x7f\bok\r";
    static size_t at;

    if (at < sizeof(typed) - 1)
        return typed[at++];
    USED(sys_cgetc());
    return -E_INVAL;
}

static uint32_t shown; /* by readline */

void cputchar(int c)
{
    char text = (char)c;

    sys_cputs(&text, 1);
    shown++;
}

/* ---- Numbers. ---- */

/* clang-format off */

static const struct {
    const char *name;
    uint32_t is;
    uint32_t right;
} numbers[] = {
#define N(name, right) {#name, (uint32_t)(name), (right)}
    N(E_UNSPECIFIED, 1), N(E_BAD_ENV, 2), N(E_INVAL, 3), N(E_NO_MEM, 4), N(E_NO_FREE_ENV, 5),
    N(E_FAULT, 6), N(E_IPC_NOT_RECV, 7), N(E_EOF, 8), N(MAXERROR, 9),

    N(ENV_FREE, 0), N(ENV_DYING, 1), N(ENV_RUNNABLE, 2), N(ENV_RUNNING, 3), N(ENV_NOT_RUNNABLE, 4),
    N(ENV_TYPE_USER, 0), N(LOG2NENV, 10), N(NENV, 1024), N(ENVX(0x5003), 3),

    N(SYS_cputs, 0), N(SYS_cgetc, 1), N(SYS_getenvid, 2), N(SYS_env_destroy, 3),
    N(SYS_page_alloc, 4), N(SYS_page_map, 5), N(SYS_page_unmap, 6), N(SYS_exofork, 7),
    N(SYS_env_set_status, 8), N(SYS_env_set_pgfault_upcall, 9), N(SYS_yield, 10),
    N(SYS_ipc_try_send, 11), N(SYS_ipc_recv, 12), N(NSYSCALLS, 13),

    N(T_DIVIDE, 0), N(T_DEBUG, 1), N(T_NMI, 2), N(T_BRKPT, 3), N(T_OFLOW, 4), N(T_BOUND, 5),
    N(T_ILLOP, 6), N(T_DEVICE, 7), N(T_DBLFLT, 8), N(T_TSS, 10), N(T_SEGNP, 11), N(T_STACK, 12),
    N(T_GPFLT, 13), N(T_PGFLT, 14), N(T_FPERR, 16), N(T_ALIGN, 17), N(T_MCHK, 18), N(T_SIMDERR, 19),
    N(T_SYSCALL, 48), N(T_DEFAULT, 500), N(IRQ_OFFSET, 32), N(IRQ_TIMER, 0), N(IRQ_KBD, 1),
    N(IRQ_SERIAL, 4), N(IRQ_SPURIOUS, 7), N(IRQ_IDE, 14), N(IRQ_ERROR, 19),

    N(PTE_P, 1), N(PTE_W, 2), N(PTE_U, 4), N(PTE_PWT, 8), N(PTE_PCD, 0x10), N(PTE_A, 0x20),
    N(PTE_D, 0x40), N(PTE_PS, 0x80), N(PTE_G, 0x100), N(PTE_AVAIL, 0xe00), N(PTE_SYSCALL, 0xe07),
    N(PTE_COW, 0x800), N(PTE_SHARE, 0x400), N(PTE_ADDR(0x12345678), 0x12345000), N(FEC_PR, 1),
    N(FEC_WR, 2), N(FEC_U, 4), N(PGSIZE, 4096), N(PGSHIFT, 12), N(PTXSHIFT, 12),
    N(PDXSHIFT, PTSHIFT), N(PTSIZE, 1 << PTSHIFT), N(NPTENTRIES, PTSIZE / PGSIZE),
    N(NPDENTRIES, ULIM / PTSIZE), N(PGNUM(0x12345678), 0x12345), N(PGOFF(0x12345678), 0x678),
    N(PGADDR(PDX(0x12345678), PTX(0x12345678), 8), 0x12345008),

    N(CR0_PE, 1), N(CR0_MP, 2), N(CR0_EM, 4), N(CR0_TS, 8), N(CR0_ET, 0x10), N(CR0_NE, 0x20),
    N(CR0_WP, 1 << 16), N(CR0_AM, 1 << 18), N(CR0_NW, 1 << 29), N(CR0_CD, 1 << 30),
    N(CR0_PG, 1u << 31), N(CR4_VME, 1), N(CR4_PVI, 2), N(CR4_TSD, 4), N(CR4_DE, 8),
    N(CR4_PSE, 0x10), N(CR4_MCE, 0x40), N(CR4_PCE, 0x100), N(FL_CF, 1), N(FL_PF, 4), N(FL_AF, 0x10),
    N(FL_ZF, 0x40), N(FL_SF, 0x80), N(FL_TF, 0x100), N(FL_IF, 0x200), N(FL_DF, 0x400),
    N(FL_OF, 0x800), N(FL_IOPL_MASK, 0x3000), N(FL_IOPL_0, 0), N(FL_IOPL_1, 0x1000),
    N(FL_IOPL_2, 0x2000), N(FL_IOPL_3, 0x3000), N(FL_NT, 1 << 14), N(FL_RF, 1 << 16),
    N(FL_VM, 1 << 17), N(FL_AC, 1 << 18), N(FL_VIF, 1 << 19), N(FL_VIP, 1 << 20), N(FL_ID, 1 << 21),
    N(STA_X, 8), N(STA_E, 4), N(STA_C, 4), N(STA_W, 2), N(STA_R, 2), N(STA_A, 1), N(STS_T16A, 1),
    N(STS_LDT, 2), N(STS_T16B, 3), N(STS_CG16, 4), N(STS_TG, 5), N(STS_IG16, 6), N(STS_TG16, 7),
    N(STS_T32A, 9), N(STS_T32B, 11), N(STS_CG32, 12), N(STS_IG32, 14), N(STS_TG32, 15),

    N(GD_KT, 8), N(GD_KD, 0x10), N(GD_UT, 0x18), N(GD_UD, 0x20), N(GD_TSS0, 0x28),
    N(KERNBASE, ULIM), N(UXSTACKTOP, UTOP), N(USTACKTOP, UTOP - 2 * PGSIZE), N(UTEXT, 0x800000),
    N(UTEMP, 0x400000), N(PFTEMP, UTEXT - PGSIZE), N(USTABDATA, 0x200000), N(IOPHYSMEM, 0xa0000),
    N(EXTPHYSMEM, 0x100000), N(MPENTRY_PADDR, 0x7000), N(MMIOBASE, ULIM),
    N(MMIOLIM, MMIOBASE + PTSIZE), N(KSTACKTOP, MMIOLIM + PTSIZE), N(KSTKSIZE, 8 * PGSIZE),
    N(KSTKGAP, 8 * PGSIZE), N(UVPT, (uint32_t)uvpt), N(UENVS, (uint32_t)envs),

    N(O_RDONLY, 0), N(O_WRONLY, 1), N(O_RDWR, 2), N(O_ACCMODE, 3), N(O_CREAT, 0x100),
    N(O_TRUNC, 0x200), N(O_EXCL, 0x400), N(O_MKDIR, 0x800),

    N(sizeof(int8_t) + sizeof(uint8_t), 2), N(sizeof(int16_t) + sizeof(uint16_t), 4),
    N(sizeof(int32_t) + sizeof(uint32_t), 8), N(sizeof(int64_t) + sizeof(uint64_t), 16),
    N(sizeof(intptr_t) + sizeof(uintptr_t), 8), N(sizeof(physaddr_t) + sizeof(ppn_t), 8),
    N(sizeof(size_t) + sizeof(ssize_t) + sizeof(off_t), 12), N(sizeof(pte_t), sizeof(pde_t)),
    N(sizeof(envid_t), 4), N(sizeof(bool), 1), N(sizeof(struct PushRegs), 32),
    N(offsetof(struct Trapframe, tf_regs), 0), N(offsetof(struct Trapframe, tf_es), 32),
    N(offsetof(struct Trapframe, tf_ds), 36), N(offsetof(struct Trapframe, tf_trapno), 40),
    N(offsetof(struct Trapframe, tf_err), 44), N(offsetof(struct Trapframe, tf_eip), 48),
    N(offsetof(struct Trapframe, tf_cs), 52), N(offsetof(struct Trapframe, tf_eflags), 56),
    N(offsetof(struct Trapframe, tf_esp), 60), N(offsetof(struct Trapframe, tf_ss), 64),
    N(offsetof(struct UTrapframe, utf_fault_va), 0), N(offsetof(struct UTrapframe, utf_err), 4),
    N(offsetof(struct UTrapframe, utf_regs), 8), N(offsetof(struct UTrapframe, utf_eip), 40),
    N(offsetof(struct UTrapframe, utf_eflags), 44), N(offsetof(struct UTrapframe, utf_esp), 48),
    N(offsetof(struct PageInfo, pp_link), 0), N(offsetof(struct PageInfo, pp_ref), 4),
    N(sizeof(struct Segdesc), 8), N(sizeof(struct Gatedesc), 8), N(sizeof(struct Pseudodesc), 6),
    N(offsetof(struct Pseudodesc, pd_base), 2), N(sizeof(struct Taskstate), 104),
    N(offsetof(struct Taskstate, ts_esp0), 4), N(offsetof(struct Taskstate, ts_ss0), 8),
    N(offsetof(struct Taskstate, ts_cr3), 28), N(offsetof(struct Taskstate, ts_eflags), 36),
    N(offsetof(struct Taskstate, ts_edi), 68), N(offsetof(struct Taskstate, ts_gs), 92),
    N(offsetof(struct Taskstate, ts_t), 100), N(offsetof(struct Taskstate, ts_iomb), 102),
#undef N
};

/* clang-format on */

static void check_numbers(void)
{
    uint32_t wrong = 0;

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i].is == numbers[i].right)
            continue;
        cprintf("# %s is %x\n", numbers[i].name, numbers[i].is);
        wrong++;
    }
    CHECK_EQ(wrong, 0, "jos_names_numbers");
}

/* ---- Calls. ---- */

typedef void any_fn(void);

/* clang-format off */

static any_fn *const functions[] = {
#define F(name) (any_fn *)(name)
    F(exit), F(set_pgfault_handler), F(_pgfault_upcall), F(sys_cputs), F(sys_cgetc),
    F(sys_getenvid), F(sys_env_destroy), F(sys_yield), F(sys_exofork), F(sys_env_set_status),
    F(sys_env_set_pgfault_upcall), F(sys_page_alloc), F(sys_page_map), F(sys_page_unmap),
    F(sys_ipc_try_send), F(sys_ipc_recv), F(ipc_send), F(ipc_recv), F(ipc_find_env), F(fork),
    F(sfork), F(_warn), F(_panic), F(cputchar), F(getchar), F(iscons), F(printfmt), F(vprintfmt),
    F(snprintf), F(vsnprintf), F(cprintf), F(vcprintf), F(printf), F(fprintf), F(vfprintf),
    F(readline), F(strlen), F(strnlen), F(strcpy), F(strncpy), F(strcat), F(strlcpy), F(strcmp),
    F(strncmp), F(strchr), F(strfind), F(memset), F(memcpy), F(memmove), F(memcmp), F(memfind),
    F(strtol), F(breakpoint), F(inb), F(insb), F(inw), F(insw), F(inl), F(insl), F(outb), F(outsb),
    F(outw), F(outsw), F(outl), F(outsl), F(invlpg), F(lidt), F(lgdt), F(lldt), F(ltr), F(lcr0),
    F(rcr0), F(rcr2), F(lcr3), F(rcr3), F(lcr4), F(rcr4), F(tlbflush), F(read_eflags),
    F(write_eflags), F(read_ebp), F(read_esp), F(cpuid), F(read_tsc), F(xchg),
#undef F
};

/* clang-format on */

static void check_functions(void)
{
    uint32_t missing = 0;

    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        missing += functions[i] == NULL;
    CHECK_EQ(missing, 0, "jos_names_functions");
}

/* As the processor wants them: compared with descriptors written out. */
static void check_descriptors(void)
{
    static struct Segdesc segments[] = {
        SEG_NULL,
        SEG_FAULT,
        SEG(STA_X | STA_R, 0x0u, 0xffffffffu, 3),
    };
    static const uint64_t right[] = {0, 0x0040900000000000, 0x00cffa000000ffff};
    struct Gatedesc gate;
    struct Segdesc task = SEG16(STS_T32A, 0x12345678u, 0x67u, 0);
    uint64_t value;

    CHECK(memcmp(segments, right, sizeof(right)) == 0, "jos_names_segments");
    memcpy(&value, &task, sizeof(value));
    CHECK(value == 0x1240993456780067, "jos_names_segment_in_bytes");
    SETGATE(gate, 0, GD_KT, 0x12345678, 3);
    memcpy(&value, &gate, sizeof(value));
    CHECK(value == 0x1234ee0000085678, "jos_names_interrupt_gate");
    SETGATE(gate, 1, GD_KT, 0x12345678, 0);
    memcpy(&value, &gate, sizeof(value));
    CHECK(value == 0x12348f0000085678, "jos_names_trap_gate");
    SETCALLGATE(gate, GD_KT, 0x12345678, 3);
    memcpy(&value, &gate, sizeof(value));
    CHECK(value == 0x1234ec0000085678, "jos_names_call_gate");
}

static void check_env(void)
{
    const volatile struct Env *e = thisenv;

    thisenv = &envs[ENVX(sys_getenvid())];
    CHECK(e == thisenv && e->env_id == sys_getenvid() && e->env_parent_id == 0 &&
              e->env_type == ENV_TYPE_USER && e->env_status == ENV_RUNNING && e->env_runs > 0 &&
              e->env_cpunum >= 0 && e->env_pgfault_upcall == NULL && !e->env_ipc_recving &&
              e->env_ipc_dstva == NULL && e->env_ipc_value == 0 && e->env_ipc_from == 0 &&
              e->env_ipc_perm == 0,
          "jos_names_env");
    CHECK((uvpd[PDX(UTEXT)] & PTE_P) && (uvpt[PGNUM(UTEXT)] & PTE_P), "jos_names_page_tables");
}

void umain(int argc, char **argv)
{
    static_assert(true && !false);
    USED(argc);
    check_numbers();
    check_functions();
    check_descriptors();
    check_env();
    CHECK(end == 5 && text_start == 6 && text_end == 7 && format_text == 8 && cow_fault == 9 &&
              pageref(NULL) == 10,
          "jos_names_own");
    CHECK(strcmp(readline("> "), "ok") == 0, "jos_names_own_getchar");
    CHECK_EQ(shown, 5, "jos_names_own_cputchar"); /* h, i, o, k and the line's end */
    CHECK(readline(NULL) == NULL, "jos_names_read_error");
    assert(strcmp(binaryname, "<unknown>") == 0);
}
