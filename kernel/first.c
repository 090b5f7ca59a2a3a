/* The first env; see first.h. Start-up on the BSP, before any other env: no locks but those that the
 * functions used take.
 */
#include "kernel/first.h"

#include "abi/errors.h"
#include "abi/perm.h"
#include "abi/sysinfo.h"
#include "grain-config.h"
#include "kernel/arch/x86/cpufeat.h"
#include "kernel/arch/x86/multiboot.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/elf.h"
#include "kernel/env.h"
#include "kernel/log.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "kernel/string.h"

#define FIRST_STACK_PAGES 16u
#define VGA_TEXT_PFN      0xb8u /* physical 0xb8000 */

static union {
    struct sysinfo info;
    char pages[SYSINFO_PAGES * PAGE_SIZE];
} sysinfo_window ALIGNED(PAGE_SIZE);

struct sysinfo *const first_sysinfo = &sysinfo_window.info;

static uint32_t module_pages(const struct boot_module *module)
{
    return (module->end - module->start + PAGE_MASK) >> PAGE_SHIFT;
}

static void publish_modules(struct sysinfo *out, const struct bootinfo *info)
{
    uint32_t va = BOOT_MODULES_VA;

    for (uint32_t i = 0; i < info->nmodules && i < SYSINFO_MODULES; i++) {
        const struct boot_module *module = &info->modules[i];
        struct sysinfo_module *m = &out->modules[out->nmodules++];

        m->va = va;
        m->size = module->end - module->start;
        strlcpy(m->cmdline, module->cmdline, sizeof(m->cmdline));
        va += module_pages(module) * PAGE_SIZE;
    }
}

void first_publish_sysinfo(const struct bootinfo *info)
{
    struct sysinfo *out = first_sysinfo;

    out->magic = SYSINFO_MAGIC;
    out->ncpus = cpu_count;
    out->tsc_khz = tsc_khz;
    out->total_frames = frame_total;
    out->max_envs = ENV_MAX;
    out->boot_tsc = tsc_start;
    strlcpy(out->version, GRAIN_VERSION, sizeof(out->version));
    strlcpy(out->granularity, GRAIN_GRANULARITY_NAME, sizeof(out->granularity));
    strlcpy(out->algorithm, GRAIN_ALGORITHM_NAME, sizeof(out->algorithm));
    strlcpy(out->build,
            "asserts=" GRAIN_STRING(GRAIN_ASSERTS) " lockdep=" GRAIN_STRING(GRAIN_LOCKDEP),
            sizeof(out->build));
    strlcpy(out->cpu, cpu_features.brand, sizeof(out->cpu));
    strlcpy(out->hypervisor, cpu_features.hypervisor, sizeof(out->hypervisor));
    strlcpy(out->clock, "TSC, PIT-calibrated", sizeof(out->clock));
    strlcpy(out->cmdline, info->cmdline, sizeof(out->cmdline));
    publish_modules(out, info);
    for (uint32_t i = 0; i < SYSINFO_PAGES; i++)
        paging_publish(SYSINFO_WINDOW + i * PAGE_SIZE, sysinfo_window.pages + i * PAGE_SIZE, false);
}

static int first_alloc(struct aspace *as, uint32_t va, uint32_t pages)
{
    int error = 0;

    while (pages > 0 && error == 0) {
        uint32_t step = pages < ASPACE_ALLOC_STEP ? pages : ASPACE_ALLOC_STEP;

        error = aspace_alloc_pages(as, va, step, PERM_RW);
        va += step * PAGE_SIZE;
        pages -= step;
    }
    return error;
}

static int first_load_segment(struct aspace *as, const char *image, const struct elf_segment *s)
{
    uint32_t va = s->va & ~PAGE_MASK;
    uint32_t pages = (s->va - va + s->memsz + PAGE_MASK) >> PAGE_SHIFT;
    int error = first_alloc(as, va, pages);

    if (error == 0 && s->filesz != 0)
        error = aspace_write(as, s->va, image + s->fileoff, s->filesz);
    for (; pages > 0 && error == 0; pages--, va += PAGE_SIZE)
        error = aspace_protect(as, va, 1, s->perm, true);
    return error;
}

static int first_load(struct aspace *as, const void *image, size_t size, struct elf_info *info)
{
    int error = elf_check(image, size, info);

    for (uint32_t i = 0; i < info->segments && error == 0; i++) {
        struct elf_segment segment;

        info->reason = "it does not fit into memory";
        error = elf_segment(image, size, i, &segment);
        if (error == 0)
            error = first_load_segment(as, image, &segment);
    }
    return error;
}

/* The modules' frames are never free: the kernel holds one reference for good. */
static int first_map_module(struct aspace *as, const struct boot_module *module, uint32_t va)
{
    uint32_t pages = module_pages(module);
    int error = 0;

    for (uint32_t i = 0; i < pages && error == 0; i++) {
        uint32_t pfn = (module->start >> PAGE_SHIFT) + i;

        frame_ref(pfn);
        error = aspace_insert(as, va + i * PAGE_SIZE, 1, PERM_R, &pfn);
    }
    return error;
}

/* The text screen, for whoever will drive it: its frames are never free either. */
static int first_map_vga(struct aspace *as)
{
    int error = 0;

    for (uint32_t i = 0; i < BOOT_VGA_PAGES && error == 0; i++) {
        uint32_t pfn = VGA_TEXT_PFN + i;

        frame_ref(pfn);
        error = aspace_insert(as, BOOT_VGA_VA + i * PAGE_SIZE, 1, PERM_RW, &pfn);
    }
    return error;
}

static int first_map_modules(struct aspace *as, const struct bootinfo *info)
{
    const struct sysinfo *published = first_sysinfo;
    int error = 0;

    for (uint32_t i = 0; i < published->nmodules && error == 0; i++)
        error = first_map_module(as, &info->modules[i], published->modules[i].va);
    return error;
}

static const struct env_limits first_limits = {
    .syscalls = {UINT32_MAX, UINT32_MAX},
    .send_count = ENV_SEND_ANY,
    .ports = {{.first = 0, .last = UINT16_MAX}, {1, 0}, {1, 0}, {1, 0}},
    .irqs = UINT32_MAX,
    .priority = SCHED_PRIORITIES - 1,
    .frames = UINT32_MAX,
};

static void first_check_modules(const struct bootinfo *info)
{
    if (info->first_skipped) /* what comes next is not meant to have all rights */
        panic("the first boot module, which is to be the first program, is malformed");
    if (info->nmodules == 0)
        panic("no boot module: nothing to run");
}

/* An env, not yet running, with the module's program and a stack. */
static struct env *first_create(const struct boot_module *module, uint32_t stack_pages)
{
    struct env_new what = {.limits = &first_limits, .priority = SCHED_PRIO_DEFAULT};
    struct elf_info elf = {.reason = "out of memory"};
    struct env *e;
    int error;

    what.aspace = aspace_create(UINT32_MAX);
    if (what.aspace == NULL)
        panic("out of memory for the first program");
    error = env_create(&what, &e);
    if (error > 0)
        error =
            first_load(what.aspace, phys_to_virt(module->start), module->end - module->start, &elf);
    if (error == 0)
        error = first_alloc(what.aspace, USER_STACK_TOP - stack_pages * PAGE_SIZE, stack_pages);
    if (error != 0)
        panic("the first program, %s, cannot be loaded: %s", module->cmdline, elf.reason);
    e->regs.eip = elf.entry;
    e->regs.esp = USER_STACK_TOP - 16; /* argc, argv, envp: zero, the page is new */
    return e;
}

void first_start(const struct bootinfo *info)
{
    struct env *e;
    int error;

    first_check_modules(info);
    e = first_create(&info->modules[0], FIRST_STACK_PAGES);
    error = first_map_modules(e->aspace, info);
    if (error == 0)
        error = first_map_vga(e->aspace);
    if (error != 0)
        panic("out of memory for the boot modules");
    sched_wake(e);
}

void first_start_jos(const struct bootinfo *info)
{
    struct env *e[SYSINFO_MODULES];
    uint32_t count = first_sysinfo->nmodules;

    first_check_modules(info);
    for (uint32_t i = 0; i < count; i++)
        e[i] = first_create(&info->modules[i], 1);
    for (uint32_t i = 0; i < count; i++)
        sched_wake(e[i]);
}
