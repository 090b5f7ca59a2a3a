/* Command lines, see apps/options.h. */
#include "apps/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 24 /* where the help's explanations begin */

bool options_number(const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    uint64_t value = 0;

    if (*text == 0)
        return false;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint32_t)(*text - '0');
        if (value > most)
            return false;
    }
    if (value < least)
        return false;
    *number = (uint32_t)value;
    return true;
}

__attribute__((format(printf, 2, 3))) static enum options_result bad(struct options_scan *scan,
                                                                     const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(scan->error, sizeof(scan->error), fmt, args);
    va_end(args);
    return OPTIONS_BAD;
}

static const struct option *find_letter(const struct option *list, char letter)
{
    for (; list != NULL && list->letter != 0; list++) {
        if (list->letter == letter)
            return list;
    }
    return NULL;
}

static const struct option *find_name(const struct option *list, const char *name, size_t len)
{
    for (; list != NULL && list->letter != 0; list++) {
        if (strlen(list->name) == len && strncmp(list->name, name, len) == 0)
            return list;
    }
    return NULL;
}

/* `value` NULL: there was no further word. */
static enum options_result set_value(const struct option *option, const char *value,
                                     struct options_scan *scan)
{
    if (value == NULL)
        return bad(scan, "--%s needs a value: %s", option->name, option->value);
    if (option->string != NULL) {
        *option->string = value;
        return OPTIONS_GOOD;
    }
    if (!options_number(value, option->least, option->most, option->number)) {
        if (option->most == OPTIONS_ANY_NUMBER)
            return bad(scan, "--%s %.20s: not a number of at least %u", option->name, value,
                       (unsigned int)option->least);
        return bad(scan, "--%s %.20s: not a number from %u to %u", option->name, value,
                   (unsigned int)option->least, (unsigned int)option->most);
    }
    return OPTIONS_GOOD;
}

/* The word after argv[scan->first], which it takes; NULL if there is none. */
static const char *next_word(int argc, char *const argv[], struct options_scan *scan)
{
    return scan->first + 1 < argc ? argv[++scan->first] : NULL;
}

/* "name" or "name=value", behind the dashes. */
static enum options_result scan_long(const struct options *what, int argc, char *const argv[],
                                     struct options_scan *scan)
{
    const char *word = argv[scan->first] + 2;
    size_t len = strcspn(word, "=");
    const struct option *option = find_name(what->list, word, len);

    if (strcmp(word, "help") == 0)
        return OPTIONS_HELP;
    if (option == NULL)
        return bad(scan, "no option --%.*s (try --help)", len > 32 ? 32 : (int)len, word);
    if (option->value != NULL)
        return set_value(option, word[len] == '=' ? word + len + 1 : next_word(argc, argv, scan),
                         scan);
    if (word[len] == '=')
        return bad(scan, "--%s takes no value", option->name);
    *option->flag = true;
    return OPTIONS_GOOD;
}

/* Flags, the last of them perhaps an option with its value. */
static enum options_result scan_letters(const struct options *what, int argc, char *const argv[],
                                        struct options_scan *scan)
{
    for (const char *letter = argv[scan->first] + 1; *letter != 0; letter++) {
        const struct option *option = find_letter(what->list, *letter);

        if (option == NULL)
            return bad(scan, "no option -%c (try --help)", *letter);
        if (option->value != NULL)
            return set_value(option, letter[1] != 0 ? letter + 1 : next_word(argc, argv, scan),
                             scan);
        *option->flag = true;
    }
    return OPTIONS_GOOD;
}

static enum options_result check_operands(const struct options *what, int count,
                                          struct options_scan *scan)
{
    if (count < what->operands_least)
        return bad(scan, "needs %s (try --help)", what->operands);
    if (count > what->operands_most)
        return bad(scan, what->operands_most == 0 ? "takes no operands (try --help)"
                                                  : "too many operands (try --help)");
    return OPTIONS_GOOD;
}

enum options_result options_scan(const struct options *what, int argc, char *const argv[],
                                 struct options_scan *scan)
{
    for (scan->first = 1; scan->first < argc; scan->first++) {
        const char *word = argv[scan->first];
        enum options_result result;

        if (word[0] != '-' || word[1] == 0)
            break; /* "-" alone is an operand */
        if (strcmp(word, "--") == 0) {
            scan->first++;
            break;
        }
        if (word[1] == '-')
            result = scan_long(what, argc, argv, scan);
        else
            result = scan_letters(what, argc, argv, scan);
        if (result != OPTIONS_GOOD)
            return result;
    }
    return check_operands(what, argc > scan->first ? argc - scan->first : 0, scan);
}

static void help_option(const struct option *option)
{
    int column = printf("  -%c, --%s", option->letter, option->name);

    if (option->value != NULL)
        column += printf(" %s", option->value);
    printf("%*s%s\n", column < HELP_COLUMN ? HELP_COLUMN - column : 2, "", option->text);
}

void options_help(const struct options *what)
{
    printf("usage: %s%s%s%s\n%s\n", what->program, what->list != NULL ? " [OPTION...]" : "",
           what->operands[0] != 0 ? " " : "", what->operands, what->text);
    for (const struct option *option = what->list; option != NULL && option->letter != 0; option++)
        help_option(option);
    printf("  %-*s%s\n", HELP_COLUMN - 2, "    --help", "print this");
}

int options_parse(const struct options *what, int argc, char *const argv[])
{
    struct options_scan scan;

    switch (options_scan(what, argc, argv, &scan)) {
    case OPTIONS_GOOD:
        return scan.first;
    case OPTIONS_HELP:
        options_help(what);
        exit(EXIT_SUCCESS);
    case OPTIONS_BAD:
        break;
    }
    fprintf(stderr, "%s: %s\n", what->program, scan.error);
    exit(EXIT_USAGE);
}
