/* The kernel's page tables as each CPU walks them: rights, guard pages, the per-CPU window. */
#include "kernel/arch/x86/paging.h"

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_data_end[];

/* What one CPU found. */
static struct walk {
    uint32_t pages;      /* entries present, a large page is one */
    uint32_t wx;         /* address of a page both writable and executable, */
    uint32_t user;       /* that user code can reach and should not, */
    uint32_t user_write; /* or write; 0: none */
    uint32_t bad_text;   /* that is not what its section should be */
    uint32_t bad_rodata;
    uint32_t bad_data;
    uint32_t devices;   /* pages of device registers, */
    uint32_t cached;    /* and one that is not uncached */
    bool low;           /* something below the kernel is mapped */
    bool guards;        /* guard pages are absent, stacks are there */
    uint32_t cpu_frame; /* physical */
    uint32_t stack_frame;
    uint32_t utcb_frame;
    bool identity; /* this_cpu() is this CPU's */
} walks[GRAIN_MAX_CPUS];

static const pte_t *table_of(pte_t entry)
{
    return phys_to_virt((paddr_t)PTE_PFN(entry) << PAGE_SHIFT);
}

/* A kernel address's page as this CPU's tables have it: the last entry, with W and U only if the
 * directory agrees; 0 if it is not mapped. */
static pte_t walk_to(uint32_t va)
{
    const struct x86_pdpt *top = phys_to_virt(cpu_read_cr3());
    pte_t directory = table_of(top->entry[3])[(va >> LARGE_SHIFT) % PTES_PER_TABLE];
    pte_t page;

    if (!(directory & PTE_P) || directory & PTE_PS)
        return directory & PTE_P ? directory : 0;
    page = table_of(directory)[(va >> PAGE_SHIFT) % PTES_PER_TABLE];
    return page & PTE_P ? page & (directory | ~(PTE_W | PTE_U)) : 0;
}

static bool is_public(uint32_t va)
{
    return va - PUBLIC_WINDOW < LARGE_SIZE || va - THIS_UTCB < PAGE_SIZE;
}

static void look_at_page(struct walk *w, uint32_t va, pte_t page)
{
    w->pages++;
    if (page & PTE_W && !(page & PTE_NX))
        w->wx = va;
    if (page & PTE_U && !is_public(va))
        w->user = va;
    if (page & PTE_U && page & PTE_W)
        w->user_write = va;
    if (va - MMIO_WINDOW < MMIO_SIZE && page & PTE_W) { /* what is read-only there is firmware's */
        w->devices++;
        if (!(page & PTE_PCD))
            w->cached = va;
    }
}

static void look_at_all(struct walk *w)
{
    uint32_t va = KERNEL_BASE;

    do {
        pte_t page = walk_to(va);

        if (page != 0)
            look_at_page(w, va, page);
        va += page & PTE_PS ? LARGE_SIZE : PAGE_SIZE;
    } while (va != 0);
}

/* The first page of [start, end) whose rights are not `wanted`; 0: all are. */
static uint32_t look_at_section(const char *start, const char *end, pte_t wanted)
{
    for (const char *at = start; at < end; at += PAGE_SIZE) {
        pte_t page = walk_to((uint32_t)(uintptr_t)at);

        if ((page & (PTE_P | PTE_W | PTE_NX)) != (wanted | PTE_P))
            return (uint32_t)(uintptr_t)at;
    }
    return 0;
}

static bool stack_is_guarded(uint32_t base, uint32_t top)
{
    for (uint32_t va = base; va < top; va += PAGE_SIZE) {
        if (walk_to(va) == 0)
            return false;
    }
    return walk_to(base - PAGE_SIZE) == 0 && walk_to(top) == 0;
}

static void walk_here(uint32_t cpu)
{
    struct walk *w = &walks[cpu];
    const struct x86_pdpt *top = phys_to_virt(cpu_read_cr3());

    look_at_all(w);
    w->bad_text = look_at_section(kernel_text_start, kernel_text_end, 0);
    w->bad_rodata = look_at_section(kernel_rodata_start, kernel_rodata_end, pte_nx);
    w->bad_data = look_at_section(kernel_data_start, kernel_data_end, PTE_W | pte_nx);
    w->low = ((top->entry[0] | top->entry[1] | top->entry[2]) & PTE_P) != 0;
    w->guards =
        stack_is_guarded(KSTACK_BASE, KSTACK_TOP) && stack_is_guarded(DFSTACK_BASE, DFSTACK_TOP);
    w->cpu_frame = PTE_PFN(walk_to(PERCPU_CPU));
    w->stack_frame = PTE_PFN(walk_to(KSTACK_BASE));
    w->utcb_frame = PTE_PFN(walk_to(THIS_UTCB));
    w->identity = this_cpu()->id == arch_cpu_index() && this_cpu()->self == cpus[cpu] &&
                  this_cpu()->id == cpu;
}

static void report_cpu(uint32_t i, const struct walk *w)
{
    ktest_fact("paging_walked", w->pages > 100, "cpu%u found %u pages", i, w->pages);
    if (pte_nx != 0)
        ktest_fact("paging_no_wx", w->wx == 0, "cpu%u: %08x is writable and executable", i, w->wx);
    else
        ktest_skip("paging_no_wx", "this CPU has no NX");
    ktest_fact("paging_user_sees_windows_only", w->user == 0, "cpu%u: %08x", i, w->user);
    ktest_fact("paging_user_writes_nothing", w->user_write == 0, "cpu%u: %08x", i, w->user_write);
    ktest_fact("paging_text_read_only", w->bad_text == 0, "cpu%u: %08x", i, w->bad_text);
    ktest_fact("paging_rodata_read_only", w->bad_rodata == 0, "cpu%u: %08x", i, w->bad_rodata);
    ktest_fact("paging_data_no_exec", w->bad_data == 0, "cpu%u: %08x", i, w->bad_data);
    ktest_fact("paging_devices", w->devices >= 2, "cpu%u: %u pages", i, w->devices);
    ktest_fact("paging_devices_uncached", w->cached == 0, "cpu%u: %08x", i, w->cached);
    ktest_fact("paging_null_absent", !w->low, "cpu%u", i);
    ktest_fact("paging_guard_pages", w->guards, "cpu%u", i);
    ktest_fact("paging_window_own", w->identity, "cpu%u: this_cpu() is another's", i);
}

/* No two CPUs show the same frame in their windows. */
static bool windows_differ(void)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (walks[i].cpu_frame == walks[j].cpu_frame ||
                walks[i].stack_frame == walks[j].stack_frame ||
                walks[i].utcb_frame == walks[j].utcb_frame)
                return false;
        }
    }
    return true;
}

void ktest_paging(void)
{
    gang_run(walk_here);
    for (uint32_t i = 0; i < cpu_count; i++)
        report_cpu(i, &walks[i]);
    ktest_fact("paging_windows_differ", windows_differ(), "two CPUs share a frame");
    ktest_fact("paging_write_protect", (cpu_read_cr0() & 0x10000u) != 0, "CR0.WP is off");
}
