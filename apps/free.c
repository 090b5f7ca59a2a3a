/* free: memory in use and free, in the whole system. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/error.h"
#include "apps/options.h"
#include "grain/syscall.h"

static bool pages;

static const struct option list[] = {
    {'p', "pages", NULL, "count pages of 4 KiB, not KiB", .flag = &pages},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "free",
    .operands = "",
    .text = "Prints how much memory there is for programs, how much of it is used, and how\n"
            "many envs (threads) and address spaces there are.",
    .list = list,
};

static uint32_t amount(uint32_t frames)
{
    return pages ? frames : frames * (PAGE_SIZE / 1024);
}

int main(int argc, char **argv)
{
    struct kernel_counters counters = {.envs = 0};

    options_parse(&command_line, argc, argv);
    int result = kernel_info(&counters);
    if (result < 0)
        return error_print("no counters from the kernel: %s", grain_strerror(result));
    printf("%12s %12s %12s %8s %8s\n", pages ? "pages" : "KiB", "used", "free", "envs", "spaces");
    printf("%12u %12u %12u %8u %8u\n", amount(counters.total_frames),
           amount(counters.total_frames - counters.free_frames), amount(counters.free_frames),
           counters.envs, counters.aspaces);
    return EXIT_SUCCESS;
}
