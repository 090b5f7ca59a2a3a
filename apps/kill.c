/* kill: ends processes. */
#include <stdlib.h>
#include <unistd.h>

#include "apps/error.h"
#include "apps/options.h"

static const struct options command_line = {
    .program = "kill",
    .operands = "PID...",
    .text = "Ends processes, at once: there are no signals. ps prints the pids.",
    .operands_least = 1,
    .operands_most = OPTIONS_ANY_NUMBER,
};

static int kill_one(const char *text)
{
    uint32_t pid;

    if (!options_number(text, 1, INT32_MAX, &pid))
        return error_print("%s: not a pid", text);
    int result = kill((pid_t)pid);
    return result < 0 ? error_print("%s: %s", text, error_of_kill(result)) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    for (int i = options_parse(&command_line, argc, argv); i < argc; i++) {
        if (kill_one(argv[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    }
    return status;
}
