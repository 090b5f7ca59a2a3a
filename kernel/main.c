/* Start-up: kernel_main on the BSP, ap_main on the others; both end in the scheduler.
 *
 * The order matters: the log first; then page tables, from which on this_cpu() and locks are good;
 * then the CPU's own tables; then the machine; the other CPUs; and only then address spaces, because
 * each has a table for every CPU.
 */
#include "grain-config.h"
#include "kernel/arch.h"
#include "kernel/arch/x86/context.h"
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/ioapic.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/arch/x86/multiboot.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/pic.h"
#include "kernel/arch/x86/platform.h"
#include "kernel/arch/x86/serial.h"
#include "kernel/arch/x86/smp.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/check/check.h"
#include "kernel/check/inject.h"
#include "kernel/cmdline.h"
#include "kernel/env.h"
#include "kernel/first.h"
#include "kernel/irq.h"
#include "kernel/jos.h"
#include "kernel/ktest.h"
#include "kernel/log.h"
#include "kernel/mm/frame.h"
#include "kernel/races/races.h"
#include "kernel/sched/sched.h"

static struct bootinfo boot_info;
static struct platform boot_platform;

/* APs wait for it, and the BSP sets it when address spaces may exist. */
static atomic_bool boot_done;

_Noreturn void kernel_main(uint32_t magic, uint32_t info_pa);

static void banner(void)
{
    const struct platform *p = &boot_platform;

    log_info("Grain " GRAIN_VERSION ", locks: " GRAIN_GRANULARITY_NAME ", " GRAIN_ALGORITHM_NAME);
    log_info("%u of %u CPUs (%s), %u MiB free, TSC %u.%03u MHz", cpu_count, p->nfound, p->source,
             frame_total >> (20 - PAGE_SHIFT), tsc_khz / 1000, tsc_khz % 1000);
    log_info("%s%s%s", cpu_features.brand[0] != 0 ? cpu_features.brand : cpu_features.vendor,
             cpu_features.hypervisor[0] != 0 ? ", under " : ", no hypervisor",
             cpu_features.hypervisor);
}

static void start_machine(const struct boot_options *options)
{
    platform_discover(&boot_platform);
    lapic_init(boot_platform.lapic_pa);
    pic_disable(boot_platform.has_imcr);
    ioapic_init(&boot_platform);
    lapic_enable_this_cpu();
    cpus[0]->lapic_id = lapic_id();
    tsc_calibrate();
    smp_start_aps(&boot_platform, options->max_cpus);
}

static _Noreturn void enter_scheduler(void)
{
    delays_phase();
    ktest_enter();
    kernel_enter();
    sched_schedule();
}

_Noreturn void kernel_main(uint32_t magic, uint32_t info_pa)
{
    struct boot_options options;

    serial_init();
    cpufeat_detect();
    cpufeat_enable_this_cpu();
    if (!multiboot_read(magic, info_pa, &boot_info))
        arch_halt_forever();
    cmdline_parse(boot_info.cmdline, &options);
    log_set_level(options.log);
    panic_set_action(options.panic);
    jos_mode = options.jos;
    jos_says = options.jos && options.log >= LOG_INFO;
    watchdog_set(options.spin_ms, options.spin_panics);
    races_set(options.races_every, options.races_go_on);
    paging_init(&boot_info);
    context_init();
    context_init_cpu();
    env_init();
    irq_init();
    start_machine(&options);
    sched_init_cpu();
    banner();
    first_publish_sysinfo(&boot_info);
    lockstat_publish();
    check_boot();
    if (options.jos)
        first_start_jos(&boot_info);
    else
        first_start(&boot_info);
    races_start();
    delays_start();
    inject_begin();
    /* Release: page-directory-pointer tables and all else that start-up wrote. Pairs with ap_main. */
    atomic_store_explicit(&boot_done, true, memory_order_release);
    context_enter_scheduler(enter_scheduler);
}

_Noreturn void ap_main(uint32_t index)
{
    (void)index;
    cpufeat_enable_this_cpu();
    context_init_cpu();
    lapic_enable_this_cpu();
    this_cpu()->lapic_id = lapic_id();
    sched_init_cpu();
    smp_report_started();
    while (!atomic_load_explicit(&boot_done, memory_order_acquire))
        cpu_relax();
    context_enter_scheduler(enter_scheduler);
}
