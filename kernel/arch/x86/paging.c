/* Page tables; see paging.h. Everything here runs on the BSP before the other CPUs start, but for
 * paging_load_cpu, paging_init_space, paging_end_space and the kmap functions, which work on their caller's own data:
 * no locks.
 */
#include "kernel/arch/x86/paging.h"

#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/multiboot.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/mm/frame.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define BOOT_PAGES       64u /* page tables and the BSP's own pages, taken before frames exist */
#define LOW_MEMORY_END   0x100000u
#define FRAME_LIMIT_MAX  0x200000u /* 8 GiB: 4 GiB of RAM and the hole below */
#define CPU_WINDOW_PAGES (PERCPU_CPU_SIZE / PAGE_SIZE)

extern char kernel_text_start[], kernel_text_end[];
extern char kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_ksyms_start[], kernel_end[];

pte_t pte_nx;
struct cpu *cpus[GRAIN_MAX_CPUS];
uint32_t cpu_count = 1;
_Atomic uint32_t cpu_idle_mask;

static struct x86_pdpt kernel_pdpt[GRAIN_MAX_CPUS] ALIGNED(32);
static pte_t *kernel_directory[GRAIN_MAX_CPUS];
static pte_t *public_table;
static pte_t *mmio_table;
static uint32_t mmio_used;      /* pages */
static uint32_t direct_map_end; /* physical */

static struct {
    uint32_t next;
    uint32_t end;
} boot_memory;

/* A physical range that frames must not be taken from. */
struct range {
    paddr_t base;
    paddr_t end;
};

static struct {
    uint32_t count;
    struct range range[BOOT_REGIONS_MAX + BOOT_MODULES_MAX + 3];
} blocked;

static void blocked_add(paddr_t base, paddr_t end)
{
    ASSERT(blocked.count < ARRAY_SIZE(blocked.range));
    blocked.range[blocked.count++] =
        (struct range){base & ~(paddr_t)PAGE_MASK, (end + PAGE_MASK) & ~(paddr_t)PAGE_MASK};
}

/* The first address at or above `pa` in no blocked range; *end: where the next one begins. */
static paddr_t blocked_skip(paddr_t pa, paddr_t *end)
{
    bool moved = true;

    while (moved) {
        moved = false;
        *end = UINT64_MAX;
        for (uint32_t i = 0; i < blocked.count; i++) {
            const struct range *r = &blocked.range[i];

            if (pa >= r->base && pa < r->end) {
                pa = r->end;
                moved = true;
            } else if (r->base > pa && r->base < *end) {
                *end = r->base;
            }
        }
    }
    return pa;
}

static void blocked_init(const struct bootinfo *info)
{
    blocked_add(0, LOW_MEMORY_END);
    blocked_add(LOW_MEMORY_END, virt_to_phys(kernel_end));
    for (uint32_t i = 0; i < info->nmodules; i++)
        blocked_add(info->modules[i].start, info->modules[i].end);
    for (uint32_t i = 0; i < info->nregions; i++) {
        const struct boot_region *r = &info->regions[i];

        if (!r->usable)
            blocked_add(r->base, r->base + r->len);
    }
}

/* Calls visit(arg, base, end) for each run of whole usable frames below `limit`. */
static void memory_for_each_run(const struct bootinfo *info, paddr_t limit,
                                bool (*visit)(void *arg, paddr_t base, paddr_t end), void *arg)
{
    for (uint32_t i = 0; i < info->nregions; i++) {
        const struct boot_region *r = &info->regions[i];
        paddr_t end = (r->base + r->len) & ~(paddr_t)PAGE_MASK;
        paddr_t pa = (r->base + PAGE_MASK) & ~(paddr_t)PAGE_MASK;
        paddr_t stop;

        if (!r->usable)
            continue;
        if (end > limit)
            end = limit;
        for (pa = blocked_skip(pa, &stop); pa < end; pa = blocked_skip(stop, &stop)) {
            if (stop > end)
                stop = end;
            if (!visit(arg, pa, stop))
                return;
        }
    }
}

static bool memory_take_boot(void *arg, paddr_t base, paddr_t end)
{
    uint32_t bytes = *(uint32_t *)arg;

    if (end - base < bytes)
        return true;
    boot_memory.next = (uint32_t)base;
    boot_memory.end = (uint32_t)base + bytes;
    return false;
}

static bool memory_highest(void *arg, paddr_t base, paddr_t end)
{
    paddr_t *highest = arg;

    (void)base;
    if (end > *highest)
        *highest = end;
    return true;
}

static bool memory_add_frames(void *arg, paddr_t base, paddr_t end)
{
    (void)arg;
    for (paddr_t pa = base; pa < end; pa += PAGE_SIZE) {
        uint32_t pfn = (uint32_t)(pa >> PAGE_SHIFT);

        /* Held by nobody but "not free": regions that overlap must not add a frame twice. */
        if (frame_refs(pfn) == 1) {
            atomic_init(&frame_table[pfn].refs, 0);
            frame_add(pfn);
        }
    }
    return true;
}

static void *boot_alloc(uint32_t pages)
{
    void *page = phys_to_virt(boot_memory.next);

    ASSERT(boot_memory.next + pages * PAGE_SIZE <= boot_memory.end);
    boot_memory.next += pages * PAGE_SIZE;
    memset(page, 0, pages * PAGE_SIZE);
    return page;
}

/* Zeroed pages in a row that are never freed: from the boot memory while that lasts. */
static void *table_alloc(uint32_t pages)
{
    uint32_t pfn;

    if (boot_memory.next + pages * PAGE_SIZE <= boot_memory.end)
        return boot_alloc(pages);
    if (pages != 1)
        return NULL;
    pfn = frame_alloc_zeroed(FRAME_LOW);
    return pfn == FRAME_NONE ? NULL : phys_to_virt((paddr_t)pfn << PAGE_SHIFT);
}

static pte_t table_entry(const void *table, pte_t bits)
{
    return (pte_t)virt_to_phys(table) | PTE_P | bits;
}

/* Rights of a page of the direct map, by what of the kernel image it holds. */
static pte_t direct_map_bits(uint32_t va)
{
    if (va >= (uint32_t)(uintptr_t)kernel_text_start && va < (uint32_t)(uintptr_t)kernel_text_end)
        return PTE_P | PTE_G;
    if (va >= (uint32_t)(uintptr_t)kernel_rodata_start &&
        va < (uint32_t)(uintptr_t)kernel_rodata_end)
        return PTE_P | PTE_G | pte_nx;
    if (va >= (uint32_t)(uintptr_t)kernel_ksyms_start && va < (uint32_t)(uintptr_t)kernel_end)
        return PTE_P | PTE_G | pte_nx;
    return PTE_P | PTE_W | PTE_G | pte_nx;
}

/* The direct map in small pages where the kernel image lies, large ones elsewhere. */
static void directory_fill_direct_map(pte_t *directory)
{
    for (uint32_t pa = 0; pa < direct_map_end; pa += LARGE_SIZE) {
        uint32_t slot = pa >> LARGE_SHIFT;
        pte_t *table;

        if (pa >= virt_to_phys(kernel_end)) {
            directory[slot] = (pte_t)pa | PTE_P | PTE_W | PTE_PS | PTE_G | pte_nx;
            continue;
        }
        table = boot_alloc(1);
        for (uint32_t i = 0; i < PTES_PER_TABLE; i++) {
            uint32_t page = pa + i * PAGE_SIZE;

            table[i] = (pte_t)page | direct_map_bits(page + KERNEL_BASE);
        }
        directory[slot] = table_entry(table, PTE_W);
    }
}

static uint32_t kernel_slot(uint32_t va)
{
    return (va - KERNEL_BASE) >> LARGE_SHIFT;
}

static void window_map(pte_t *table, uint32_t va, uint32_t pa, pte_t bits)
{
    table[(va >> PAGE_SHIFT) % PTES_PER_TABLE] = (pte_t)pa | PTE_P | PTE_G | pte_nx | bits;
}

static bool window_back(pte_t *table, uint32_t va, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        void *page = table_alloc(1);

        if (page == NULL)
            return false;
        window_map(table, va + i * PAGE_SIZE, virt_to_phys(page), PTE_W);
    }
    return true;
}

/* struct cpu is spread over single frames, so it is contiguous in the window alone; what other CPUs
 * follow (cpus[i]) must be contiguous in the direct map. A static array gives both. */
static struct {
    char bytes[PERCPU_CPU_SIZE];
} cpu_storage[GRAIN_MAX_CPUS] ALIGNED(PAGE_SIZE);

bool paging_create_cpu(uint32_t id)
{
    struct cpu *cpu = (struct cpu *)(void *)&cpu_storage[id];
    pte_t *directory = table_alloc(1);
    pte_t *window = table_alloc(1);
    void *utcb_word = table_alloc(1);

    if (directory == NULL || window == NULL || utcb_word == NULL)
        return false;
    if (id != 0)
        memcpy(directory, kernel_directory[0], PAGE_SIZE);
    for (uint32_t i = 0; i < CPU_WINDOW_PAGES; i++)
        window_map(window, PERCPU_CPU + i * PAGE_SIZE, virt_to_phys(cpu) + i * PAGE_SIZE, PTE_W);
    if (!window_back(window, KSTACK_BASE, (KSTACK_TOP - KSTACK_BASE) / PAGE_SIZE) ||
        !window_back(window, DFSTACK_BASE, (DFSTACK_TOP - DFSTACK_BASE) / PAGE_SIZE))
        return false;
    window_map(window, THIS_UTCB, virt_to_phys(utcb_word), PTE_U);
    window_map(window, UTCB_WORD, virt_to_phys(utcb_word), PTE_W);
#if GRAIN_LOCKSTAT
    for (uint32_t i = 0; i < PERCPU_LOCKSTAT_SIZE; i += PAGE_SIZE)
        window_map(window, PERCPU_LOCKSTAT + i, virt_to_phys(lockstat_pages(id)) + i, PTE_W);
#endif
    directory[kernel_slot(PERCPU_WINDOW)] = table_entry(window, PTE_W | PTE_U);

    kernel_directory[id] = directory;
    kernel_pdpt[id].entry[3] = table_entry(directory, 0);
    cpu->id = id;
    cpu->self = cpu;
    cpu->kernel_cr3 = virt_to_phys(&kernel_pdpt[id]);
    cpu->cr3 = cpu->kernel_cr3;
    cpu->arch.kmap_pte = &window[(KMAP_WINDOW >> PAGE_SHIFT) % PTES_PER_TABLE];
    lock_init_cpu(&cpu->locks, id);
    lock_init(&cpu->inbox_lock);
    cpus[id] = cpu;
    return true;
}

void paging_load_cpu(uint32_t id)
{
    cpu_write_cr3(cpus[id]->kernel_cr3);
}

/* The end of all memory below `limit` that is in use or usable. */
static paddr_t memory_end(const struct bootinfo *info, paddr_t limit)
{
    paddr_t end = 0;

    memory_for_each_run(info, limit, memory_highest, &end);
    for (uint32_t i = 0; i < info->nmodules; i++) {
        if (info->modules[i].end > end)
            end = info->modules[i].end;
    }
    return end;
}

static void directory_init(const struct bootinfo *info)
{
    paddr_t low = memory_end(info, DIRECT_MAP_SIZE);
    bool created;

    direct_map_end = ((uint32_t)low + LARGE_SIZE - 1) & ~(LARGE_SIZE - 1);

    created = paging_create_cpu(0);
    ASSERT(created);
    public_table = boot_alloc(1);
    mmio_table = boot_alloc(1);
    directory_fill_direct_map(kernel_directory[0]);
    kernel_directory[0][kernel_slot(PUBLIC_WINDOW)] = table_entry(public_table, PTE_W | PTE_U);
    kernel_directory[0][kernel_slot(MMIO_WINDOW)] = table_entry(mmio_table, PTE_W);
}

/* There are no frames from here on: the CPU cannot address them, or their records would get long. */
static paddr_t memory_limit(void)
{
    paddr_t reach = (paddr_t)1 << cpu_features.phys_bits;
    paddr_t limit = (paddr_t)FRAME_LIMIT_MAX << PAGE_SHIFT;

    return reach < limit ? reach : limit;
}

void paging_init(const struct bootinfo *info)
{
    paddr_t highest;
    uint32_t limit;
    uint32_t table_bytes;
    uint32_t bytes;
    struct frame *table;

    pte_nx = cpu_features.nx ? PTE_NX : 0;
    blocked_init(info);
    highest = memory_end(info, memory_limit());
    limit = (uint32_t)((highest + PAGE_MASK) >> PAGE_SHIFT);
    table_bytes = (limit * (uint32_t)sizeof(struct frame) + PAGE_MASK) & ~PAGE_MASK;
    bytes = table_bytes + BOOT_PAGES * PAGE_SIZE;
    memory_for_each_run(info, DIRECT_MAP_SIZE, memory_take_boot, &bytes);
    if (boot_memory.end == 0)
        panic("too little memory: no room for %u KiB of frame records", bytes / 1024);
    blocked_add(boot_memory.next, boot_memory.end);

    table = boot_alloc(table_bytes / PAGE_SIZE);
    for (uint32_t i = 0; i < limit; i++)
        atomic_init(&table[i].refs, 1);
    directory_init(info);
    paging_load_cpu(0);
    frame_init(table, limit);
    memory_for_each_run(info, highest, memory_add_frames, NULL);
}

/* Device registers and firmware tables share one window that only grows. */
static void *mmio_map(paddr_t pa, size_t len, pte_t bits)
{
    uint32_t offset = (uint32_t)pa & PAGE_MASK;
    uint32_t pages = (uint32_t)((offset + len + PAGE_MASK) >> PAGE_SHIFT);
    uint32_t va = MMIO_WINDOW + mmio_used * PAGE_SIZE;

    if (len == 0 || len > MMIO_SIZE || mmio_used + pages > PTES_PER_TABLE)
        return NULL;
    for (uint32_t i = 0; i < pages; i++) {
        pte_t frame = (pa & ~(paddr_t)PAGE_MASK) + (paddr_t)i * PAGE_SIZE;

        mmio_table[mmio_used++] = frame | PTE_P | PTE_G | pte_nx | bits;
    }
    return (void *)(uintptr_t)(va + offset);
}

void *paging_map_mmio(paddr_t pa, size_t len)
{
    return mmio_map(pa, len, PTE_W | PTE_PCD | PTE_PWT);
}

const void *paging_map_ro(paddr_t pa, size_t len)
{
    if (pa + len <= direct_map_end)
        return phys_to_virt(pa);
    return mmio_map(pa, len, 0);
}

void paging_publish(uint32_t va, const void *page, bool executable)
{
    pte_t e = (pte_t)virt_to_phys(page) | PTE_P | PTE_U | PTE_G | (executable ? 0 : pte_nx);

    ASSERT(va - PUBLIC_WINDOW < LARGE_SIZE);
    public_table[(va >> PAGE_SHIFT) % PTES_PER_TABLE] = e;
}

/* The entries of the last directory that show the others as pages: uvpt. */
static pte_t *uvpt_entries(const uint32_t directories[USER_DIRECTORIES])
{
    pte_t *last = phys_to_virt((paddr_t)directories[USER_DIRECTORIES - 1] << PAGE_SHIFT);

    return &last[(UVPT_WINDOW >> LARGE_SHIFT) % PTES_PER_TABLE];
}

void paging_init_space(struct x86_pdpt *tables, const uint32_t directories[USER_DIRECTORIES])
{
    pte_t *window = uvpt_entries(directories);

    for (uint32_t i = 0; i < USER_DIRECTORIES; i++) {
        pte_t directory = pte_of_pfn(directories[i]);

        /* A directory as a page table shows the page tables as pages, read-only. */
        window[i] = directory | PTE_P | PTE_U | pte_nx;
        for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
            tables[cpu].entry[i] = directory | PTE_P;
    }
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        tables[cpu].entry[3] = kernel_pdpt[cpu].entry[3];
}

void paging_end_space(const uint32_t directories[USER_DIRECTORIES])
{
    memset(uvpt_entries(directories), 0, USER_DIRECTORIES * sizeof(pte_t));
}

void *paging_kmap(uint32_t pfn, uint32_t slot)
{
    uint32_t va = KMAP_WINDOW + slot * PAGE_SIZE;

    if (pfn < direct_map_end >> PAGE_SHIFT)
        return phys_to_virt((paddr_t)pfn << PAGE_SHIFT);
    ASSERT(slot < KMAP_SLOTS);
    pte_set(&this_cpu()->arch.kmap_pte[slot], pte_of_pfn(pfn) | PTE_P | PTE_W | pte_nx);
    cpu_invlpg(va);
    return (void *)(uintptr_t)va;
}

void paging_zero_frame(uint32_t pfn)
{
    memset(paging_kmap(pfn, 0), 0, PAGE_SIZE);
}
