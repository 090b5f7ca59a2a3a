/* echo: prints its arguments. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"

static bool no_newline;

static const struct option list[] = {
    {'n', "no-newline", NULL, "no newline at the end", .flag = &no_newline},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "echo",
    .operands = "[TEXT...]",
    .text = "Prints the texts, a space between each two. A text that begins with - and is\n"
            "no option of echo is printed like any other.",
    .list = list,
    .operands_most = OPTIONS_ANY_NUMBER,
};

int main(int argc, char **argv)
{
    struct options_scan scan;
    int first = 1;

    switch (options_scan(&command_line, argc, argv, &scan)) {
    case OPTIONS_HELP:
        options_help(&command_line);
        return EXIT_SUCCESS;
    case OPTIONS_GOOD:
        first = scan.first;
        break;
    case OPTIONS_BAD: /* text, then; -n may have been taken already, of -nx */
        no_newline = false;
        break;
    }
    for (int i = first; i < argc; i++)
        printf("%s%s", i > first ? " " : "", argv[i]);
    if (!no_newline)
        putchar('\n');
    return EXIT_SUCCESS;
}
