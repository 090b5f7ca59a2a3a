/* uptime: how long the system has run, and how busy each CPU was since. */
#include <stdio.h>
#include <stdlib.h>

#include "apps/load.h"
#include "apps/options.h"
#include "grain/time.h"
#include "grain/windows.h"

#define SECOND_US 1000000u

static const struct options command_line = {
    .program = "uptime",
    .operands = "",
    .text = "Prints the time since the kernel started, and each CPU's load on average since\n"
            "then (not after an hour: the kernel's clocks of idle time go round).",
};

static void print_time(uint64_t us)
{
    uint32_t seconds = (uint32_t)(us / SECOND_US);

    printf("up %u:%02u:%02u.%02u", seconds / 3600, seconds / 60 % 60, seconds % 60,
           (uint32_t)(us % SECOND_US) / (SECOND_US / 100));
}

static void print_load(uint64_t us)
{
    static const struct load_reading boot = {.at = 0};

    printf(", load");
    for (uint32_t i = 0; i < sysinfo()->ncpus; i++) {
        struct load_reading now = load_read(&sysinfo()->cpus[i], (uint32_t)us);

        printf(" %u%%", (load_permille(boot, now) + 5) / 10);
    }
}

int main(int argc, char **argv)
{
    options_parse(&command_line, argc, argv);
    uint64_t us = time_us();
    print_time(us);
    printf(", %u CPU%s", sysinfo()->ncpus, sysinfo()->ncpus == 1 ? "" : "s");
    if (us < 3600ull * SECOND_US)
        print_load(us);
    putchar('\n');
    return EXIT_SUCCESS;
}
