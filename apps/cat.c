/* cat: prints files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/error.h"
#include "apps/options.h"

static char chunk[4096];

static const struct options command_line = {
    .program = "cat",
    .operands = "[FILE...]",
    .text = "Prints files of the boot image one after the other. -, or no file: what is\n"
            "typed, up to Ctrl-D at the beginning of a line.",
    .operands_most = OPTIONS_ANY_NUMBER,
};

/* Returns 0 or a negated error. */
static int copy(int fd)
{
    ssize_t got;

    while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
        ssize_t put = write(STDOUT_FILENO, chunk, (size_t)got);

        if (put < 0)
            return put;
    }
    return got;
}

static int print_file(const char *name)
{
    int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);

    if (fd < 0)
        return error_print("%s: %s", name,
                           fd == -E_EOF ? "there is no such file" : grain_strerror(fd));
    int result = copy(fd);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    return result < 0 ? error_print("%s: %s", name, grain_strerror(result)) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = options_parse(&command_line, argc, argv);
    int status = EXIT_SUCCESS;

    if (first == argc)
        return print_file("-");
    for (int i = first; i < argc; i++) {
        if (print_file(argv[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    }
    return status;
}
