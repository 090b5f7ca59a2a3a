/* The made-up machine, see machine_host.h. */
#include "machine_host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/cpu.h"
#include "kernel/mm/shootdown.h"
#include "kernel/sched/sched.h"

#define MEMORY_SIZE (((size_t)MACHINE_HIGH_FIRST + MACHINE_FRAMES_MAX) << PAGE_SHIFT)

char *host_memory; /* written once, before main */
pte_t pte_nx = PTE_NX;
struct cpu *cpus[GRAIN_MAX_CPUS];
uint32_t cpu_count = MACHINE_CPUS;
_Atomic uint32_t cpu_idle_mask;
_Thread_local struct cpu cpu_host;

struct machine_shootdowns machine_shootdowns;
uint32_t machine_zeroed;
uint32_t machine_roused;

static struct frame frames[MACHINE_HIGH_FIRST + MACHINE_FRAMES_MAX];
static struct cpu idle_cpus[MACHINE_CPUS]; /* CPUs that no thread is */
static uint32_t taken[2 * MACHINE_FRAMES_MAX];
static uint32_t taken_count;

static void __attribute__((constructor)) memory_reserve(void)
{
    void *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    host_memory = memory;
}

/* frame_init is meant for an empty pool. */
static void pool_empty(void)
{
    memset(&cpu_host.frames, 0, sizeof(cpu_host.frames));
    while (frame_table != NULL && frame_alloc(FRAME_HIGH) != FRAME_NONE) {}
}

void machine_init(uint32_t low_frames, uint32_t high_frames)
{
    pool_empty();
    memset(frames, 0, sizeof(frames));
    memset(&machine_shootdowns, 0, sizeof(machine_shootdowns));
    taken_count = 0;
    for (uint32_t i = 0; i < MACHINE_CPUS; i++) {
        memset(&idle_cpus[i].frames, 0, sizeof(idle_cpus[i].frames));
        cpus[i] = &idle_cpus[i];
    }
    frame_total = 0;
    frame_init(frames, MACHINE_HIGH_FIRST + MACHINE_FRAMES_MAX);
    for (uint32_t i = 0; i < low_frames; i++)
        frame_add(MACHINE_LOW_FIRST + i);
    for (uint32_t i = 0; i < high_frames; i++)
        frame_add(MACHINE_HIGH_FIRST + i);
    machine_enter_cpu(0);
}

void machine_enter_cpu(uint32_t id)
{
    cpu_host.id = id;
    cpu_host.self = &cpu_host;
    cpus[id] = &cpu_host;
}

uint32_t machine_take_frames(uint32_t left)
{
    uint32_t before = taken_count;

    while (frame_count_free() > left) {
        uint32_t pfn = frame_alloc(FRAME_HIGH);

        if (pfn == FRAME_NONE)
            abort();
        taken[taken_count++] = pfn;
    }
    return taken_count - before;
}

void machine_give_frames(void)
{
    while (taken_count > 0)
        frame_unref(taken[--taken_count]);
}

uint32_t machine_count_used(void)
{
    uint32_t used = 0;

    for (uint32_t pfn = 0; pfn < frame_limit; pfn++)
        used += frame_refs(pfn) != 0;
    return used;
}

void shootdown(struct aspace *as, uint32_t va, uint32_t pages)
{
    (void)as;
    machine_shootdowns.count++;
    machine_shootdowns.va = va;
    machine_shootdowns.pages = pages;
}

void sched_rouse(void)
{
    __atomic_fetch_add(&machine_roused, 1, __ATOMIC_RELAXED);
}

void shootdown_catch_up(void)
{
}

void *paging_kmap(uint32_t pfn, uint32_t slot)
{
    if (slot >= KMAP_SLOTS || pfn >= frame_limit)
        abort();
    return host_memory + ((size_t)pfn << PAGE_SHIFT);
}

void paging_zero_frame(uint32_t pfn)
{
    __atomic_fetch_add(&machine_zeroed, 1, __ATOMIC_RELAXED);
    memset(paging_kmap(pfn, 0), 0, PAGE_SIZE);
}

void paging_init_space(struct x86_pdpt *tables, const uint32_t directories[USER_DIRECTORIES])
{
    for (uint32_t i = 0; i < USER_DIRECTORIES; i++) {
        for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
            tables[cpu].entry[i] = pte_of_pfn(directories[i]) | PTE_P;
    }
}

void paging_end_space(const uint32_t directories[USER_DIRECTORIES])
{
    (void)directories; /* no uvpt here */
}
