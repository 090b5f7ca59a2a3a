/* Starting the other CPUs, see smp.h; the protocol is that of SDM 3A, 9.4.4. */
#include "kernel/arch/x86/smp.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/trampoline.h"
#include "kernel/check/inject.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define INIT_WAIT_US    10000u
#define STARTUP_WAIT_US 200u
#define REPORT_WAIT_US  1000000u
#define REPORT_LOOK_US  10u

#define LAPIC_ID_REGISTER 0x20

_Static_assert(TRAMPOLINE_PA % PAGE_SIZE == 0 && TRAMPOLINE_PA < 0xa0000, "STARTUP's reach");

extern const char boot_pdpt[];
extern const uint32_t boot_efer;
extern const char ap_start[];

/* By initial APIC id: CPU index + 1, or 0. Each CPU writes its own entry before it is told of to
 * anybody, the BSP its own before it starts another. */
static _Atomic uint8_t index_of_id[256];

/* Written true by the CPU itself in smp_report_started, with release: who sees it (acquire) may
 * send the CPU interrupts, as its tables stand. [0] is not used: the BSP always runs. */
static atomic_bool started[GRAIN_MAX_CPUS];

static atomic_bool others_exist; /* false: this can only be the BSP */

static uint8_t initial_apic_id(void)
{
    return (uint8_t)(cpuid(1, 0).ebx >> 24);
}

uint32_t arch_cpu_index(void)
{
    if (!atomic_load_explicit(&others_exist, memory_order_relaxed))
        return 0;
    uint8_t entry = atomic_load_explicit(&index_of_id[initial_apic_id()], memory_order_relaxed);
    return entry == 0 ? ARCH_CPU_UNKNOWN : entry - 1u;
}

bool arch_cpu_started(uint32_t index)
{
    return index == 0 || atomic_load_explicit(&started[index], memory_order_acquire);
}

/* One by one: a broadcast would also reach CPUs that wait for their STARTUP, and some emulators
 * wake them by it. */
void arch_nmi_others(void)
{
    uint32_t me = arch_cpu_index();

    if (!atomic_load_explicit(&others_exist, memory_order_relaxed))
        return;
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++) {
        if (i != me && arch_cpu_started(i))
            lapic_send_nmi(cpus[i]->lapic_id);
    }
}

static struct trampoline_words *words_in_page(void)
{
    return phys_to_virt(TRAMPOLINE_PA + (paddr_t)(trampoline_words - trampoline_start));
}

static void copy_trampoline(const struct platform *platform)
{
    struct trampoline_words *words = words_in_page();

    ASSERT((uint32_t)(trampoline_end - trampoline_start) <= PAGE_SIZE);
    memcpy(phys_to_virt(TRAMPOLINE_PA), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    words->lapic_id_pa = (uint32_t)platform->lapic_pa + LAPIC_ID_REGISTER;
    words->boot_cr3 = virt_to_phys(boot_pdpt);
    words->boot_efer = boot_efer;
    words->entry = (uint32_t)(uintptr_t)ap_start;
    words->stack_top = KSTACK_TOP;
}

/* What is kept of an index whose CPU did not start serves the next one. */
static bool prepare_cpu(uint32_t index, uint8_t id)
{
    struct trampoline_words *words = words_in_page();

    if (cpus[index] == NULL && !paging_create_cpu(index)) {
        log_warn("smp: no memory for CPU %u (LAPIC id %u)", index, id);
        return false;
    }
    cpus[index]->lapic_id = id;
    words->index = index;
    words->kernel_cr3 = cpus[index]->kernel_cr3;
    /* Release: the words above are there for whoever takes the ticket. */
    atomic_store_explicit(&words->ticket, TRAMPOLINE_TICKET | id, memory_order_release);
    return true;
}

static bool wait_for_report(uint32_t index)
{
    for (uint32_t us = 0; us < REPORT_WAIT_US; us += REPORT_LOOK_US) {
        if (arch_cpu_started(index))
            return true;
        arch_delay_us(REPORT_LOOK_US);
    }
    return false;
}

/* The CPU has had its INIT. is_dead: a test wants it not to start. Returns whether it runs as CPU `index`. */
static bool start_cpu(uint32_t index, uint8_t id, bool is_dead)
{
    struct trampoline_words *words = words_in_page();

    if (!prepare_cpu(index, id))
        return false;
    if (!is_dead)
        lapic_send_startup(id, TRAMPOLINE_PA >> PAGE_SHIFT);
    arch_delay_us(STARTUP_WAIT_US);
    if (!is_dead && atomic_load_explicit(&words->ticket, memory_order_relaxed) != 0)
        lapic_send_startup(id, TRAMPOLINE_PA >> PAGE_SHIFT);
    if (wait_for_report(index))
        return true;

    bool came = atomic_exchange_explicit(&words->ticket, 0, memory_order_relaxed) == 0;
    lapic_send_init(id); /* if it is stuck somewhere, it does not come out of there later */
    log_warn("smp: the CPU with LAPIC id %u %s, going on without it", id,
             came ? "started but did not report" : "did not start");
    return false;
}

void smp_start_aps(const struct platform *platform, uint32_t limit)
{
    uint32_t running = 1;
    uint32_t wanted = limit < platform->ncpus ? limit : platform->ncpus;

    cpus[0]->lapic_id = lapic_id();
    atomic_store_explicit(&index_of_id[initial_apic_id()], 1, memory_order_relaxed);
    if (wanted <= 1)
        return;
    atomic_store_explicit(&others_exist, true, memory_order_relaxed);
    copy_trampoline(platform);

    for (uint32_t i = 1; i < platform->ncpus; i++)
        lapic_send_init(platform->cpus[i].lapic_id);
    arch_delay_us(INIT_WAIT_US);
    for (uint32_t i = 1; i < platform->ncpus && running < wanted; i++) {
        if (start_cpu(running, platform->cpus[i].lapic_id, inject_skips_cpu(i)))
            running++;
    }
    cpu_count = running;
}

_Noreturn void smp_enter(uint32_t index)
{
    atomic_store_explicit(&index_of_id[initial_apic_id()], (uint8_t)(index + 1),
                          memory_order_relaxed);
    ap_main(index);
}

void smp_report_started(void)
{
    atomic_store_explicit(&started[arch_cpu_index()], true, memory_order_release);
}
