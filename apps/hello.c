/* hello: the smallest program: says who it is and where it runs. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/options.h"
#include "grain/utcb.h"
#include "grain/windows.h"

static const struct options command_line = {
    .program = "hello",
    .operands = "[NAME]",
    .text = "Greets NAME, or the world, and says which process on which CPU does.",
    .operands_most = 1,
};

int main(int argc, char **argv)
{
    int first = options_parse(&command_line, argc, argv);
    const char *name = first < argc ? argv[first] : "world";

    printf("Hello, %s! This is process %d, on CPU %u of %u.\n", name, (int)getpid(),
           env_record(env_self())->cpu, sysinfo()->ncpus);
    return EXIT_SUCCESS;
}
