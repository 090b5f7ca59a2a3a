/* sysinfo: what system this is: build options, processors, clock, memory, boot modules. */
#include <stdio.h>
#include <stdlib.h>

#include "apps/options.h"
#include "grain/syscall.h"
#include "grain/windows.h"

static const struct options command_line = {
    .program = "sysinfo",
    .operands = "",
    .text = "Prints the kernel's version and build options, processors, clock, memory and\n"
            "boot modules.",
};

static void print_line(const char *name, const char *text)
{
    printf("%-14s%s\n", name, text[0] != 0 ? text : "-");
}

static void print_build(const struct sysinfo *info)
{
    printf("%-14sGrain %s\n", "kernel", info->version);
    printf("%-14sgranularity %s, algorithm %s\n", "locks", info->granularity, info->algorithm);
    print_line("build", info->build);
    print_line("command line", info->cmdline);
}

static void print_machine(const struct sysinfo *info)
{
    printf("%-14s%u, %s\n", "CPUs", info->ncpus, info->cpu);
    print_line("hypervisor", info->hypervisor);
    printf("%-14s%s, %u TSC ticks a millisecond\n", "clock", info->clock, info->tsc_khz);
}

static void print_counters(const struct sysinfo *info)
{
    struct kernel_counters counters = {.envs = 0};

    if (kernel_info(&counters) < 0)
        return;
    printf("%-14s%u KiB, %u KiB of it free\n", "memory", counters.total_frames * (PAGE_SIZE / 1024),
           counters.free_frames * (PAGE_SIZE / 1024));
    printf("%-14s%u of %u, in %u address spaces\n", "envs", counters.envs, info->max_envs,
           counters.aspaces);
    printf("%-14s%u TLB shootdowns, %u interrupts between CPUs\n", "since boot",
           counters.shootdowns, counters.ipis);
}

static void print_modules(const struct sysinfo *info)
{
    for (uint32_t i = 0; i < info->nmodules && i < SYSINFO_MODULES; i++)
        printf("%-14s%8u bytes  %s\n", i == 0 ? "modules" : "", info->modules[i].size,
               info->modules[i].cmdline);
}

int main(int argc, char **argv)
{
    const struct sysinfo *info = sysinfo();

    options_parse(&command_line, argc, argv);
    print_build(info);
    print_machine(info);
    print_counters(info);
    print_modules(info);
    return EXIT_SUCCESS;
}
