/* The command line of a program: its options, its --help, and the one line that says what is wrong.
 *
 * Options are written -q, -n 5, -n5, --quiet, --rounds 5 or --rounds=5; flags may stand together
 * (-qn5). The first word that is no option, or what comes after "--", begins the operands.
 */
#ifndef GRAIN_APPS_OPTIONS_H
#define GRAIN_APPS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define EXIT_USAGE 2 /* a wrong command line */

struct option {
    char letter;
    const char *name;  /* without the dashes */
    const char *value; /* its name in the help; NULL: a flag, without a value */
    const char *text;
    bool *flag;          /* of a flag: becomes true */
    const char **string; /* of any other: its value as it stands, */
    uint32_t *number;    /* or as a number, */
    uint32_t least, most;
};

#define OPTIONS_ANY_NUMBER 0x7fffffff

struct options {
    const char *program;
    const char *operands;      /* as the help writes them, "[FILE...]"; "": none */
    const char *text;          /* what the program does */
    const struct option *list; /* ends with letter 0; NULL: --help alone */
    int operands_least;
    int operands_most;
};

/* What options_scan found. */
enum options_result { OPTIONS_GOOD, OPTIONS_HELP, OPTIONS_BAD };

struct options_scan {
    int first;      /* index of the first operand in argv */
    char error[96]; /* OPTIONS_BAD: what is wrong, without program name and newline */
};

/* Reads the command line and fills the variables that the list names. Prints nothing. */
enum options_result options_scan(const struct options *what, int argc, char *const argv[],
                                 struct options_scan *scan);

/* The same for a program: prints the help and exits with 0, or the error and exits with EXIT_USAGE,
 * or returns the index of the first operand. */
int options_parse(const struct options *what, int argc, char *const argv[]);

/* Prints what --help prints. */
void options_help(const struct options *what);

/* A decimal number from least to most and nothing after it, or false. */
bool options_number(const char *text, uint32_t least, uint32_t most, uint32_t *number);

#endif
