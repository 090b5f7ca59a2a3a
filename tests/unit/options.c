/* apps/options.c: every form of an option, wrong ones, numbers, the help. */
#include "apps/options.h"

#include "unit.h"

static bool quiet;
static bool all;
static const char *line;
static uint32_t rounds;
static uint32_t depth;

static const struct option list[] = {
    {'q', "quiet", NULL, "say less", .flag = &quiet},
    {'a', "all", NULL, "everything", .flag = &all},
    {'n', "rounds", "N", "how often", .number = &rounds, .least = 1, .most = OPTIONS_ANY_NUMBER},
    {'d', "depth", "N", "how deep", .number = &depth, .most = 8},
    {'c', "command", "LINE", "what", .string = &line},
    {.letter = 0},
};
static const struct options some = {"some", "[FILE...]", "Does something.", list, 0, 2};
static const struct options exact = {"exact", "FILE", "Does something.", NULL, 1, 1};
static const struct options none = {"none", "", "Does something.", NULL, 0, 0};

/* Scans words separated by blanks. Returns the operands, or what is wrong, after an "!". */
static const char *scan(const struct options *what, const char *words)
{
    static char text[128];
    char copy[128];
    char program[] = "program";
    char *argv[16] = {program};
    struct options_scan found;
    char *state;
    int argc = 1;

    quiet = all = false;
    line = "";
    rounds = depth = 7;
    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strtok_r(copy, " ", &state); word != NULL; word = strtok_r(NULL, " ", &state))
        argv[argc++] = word;
    switch (options_scan(what, argc, argv, &found)) {
    case OPTIONS_HELP:
        return "help";
    case OPTIONS_BAD:
        snprintf(text, sizeof(text), "!%s", found.error);
        return text;
    case OPTIONS_GOOD:
        break;
    }
    text[0] = 0;
    for (int i = found.first; i < argc; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "[%s]", argv[i]);
    return text;
}

static void options_none(void)
{
    CHECK_STR(scan(&some, ""), "");
    CHECK(!quiet && !all && rounds == 7 && depth == 7);
    CHECK_STR(scan(&some, "a b"), "[a][b]");
}

static void options_flags(void)
{
    CHECK_STR(scan(&some, "-q a"), "[a]");
    CHECK(quiet && !all);
    CHECK_STR(scan(&some, "--all --quiet"), "");
    CHECK(quiet && all);
    CHECK_STR(scan(&some, "-qa"), "");
    CHECK(quiet && all);
}

static void options_values(void)
{
    static const char *const forms[] = {"-n 12", "-n12", "--rounds 12", "--rounds=12", "-qn12"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        CHECK_STR(scan(&some, forms[i]), "");
        CHECK_INT(rounds, 12);
    }
    CHECK_STR(scan(&some, "-d 0 x"), "[x]");
    CHECK_INT(depth, 0);
}

/* argv outlives the scan here, as it does in a program. */
static void options_strings(void)
{
    char words[][8] = {"program", "-c", "-x 1", "-q", "a"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4]};
    struct options_scan found;

    CHECK_INT(options_scan(&some, 5, argv, &found), OPTIONS_GOOD);
    CHECK_STR(line, "-x 1");
    CHECK(quiet && found.first == 4);
    CHECK_STR(scan(&some, "-c"), "!--command needs a value: LINE");
}

static void options_end(void)
{
    CHECK_STR(scan(&some, "-- -q"), "[-q]");
    CHECK_STR(scan(&some, "a -q"), "[a][-q]");
    CHECK_STR(scan(&some, "- -q"), "[-][-q]");
    CHECK(!quiet);
    CHECK_STR(scan(&some, "-q --"), "");
}

static void options_unknown(void)
{
    CHECK_STR(scan(&some, "-x"), "!no option -x (try --help)");
    CHECK_STR(scan(&some, "-qx"), "!no option -x (try --help)");
    CHECK_STR(scan(&some, "--rest"), "!no option --rest (try --help)");
    CHECK_STR(scan(&some, "--round=1"), "!no option --round (try --help)");
    CHECK_STR(scan(&none, "-x"), "!no option -x (try --help)");
}

static void options_wrong_values(void)
{
    CHECK_STR(scan(&some, "-n"), "!--rounds needs a value: N");
    CHECK_STR(scan(&some, "--rounds"), "!--rounds needs a value: N");
    CHECK_STR(scan(&some, "-n x"), "!--rounds x: not a number of at least 1");
    CHECK_STR(scan(&some, "-n0"), "!--rounds 0: not a number of at least 1");
    CHECK_STR(scan(&some, "--rounds="), "!--rounds : not a number of at least 1");
    CHECK_STR(scan(&some, "-d 9"), "!--depth 9: not a number from 0 to 8");
    CHECK_STR(scan(&some, "-d -1"), "!--depth -1: not a number from 0 to 8");
    CHECK_STR(scan(&some, "--quiet=1"), "!--quiet takes no value");
    CHECK_INT(depth, 7);
}

static void options_help_wins(void)
{
    CHECK_STR(scan(&some, "--help"), "help");
    CHECK_STR(scan(&exact, "--help"), "help");
    CHECK_STR(scan(&none, "--help a b"), "help");
    CHECK_STR(scan(&some, "-q --help -x"), "help");
    CHECK_STR(scan(&some, "a --help"), "[a][--help]");
}

static void options_operands(void)
{
    CHECK_STR(scan(&some, "a b c"), "!too many operands (try --help)");
    CHECK_STR(scan(&exact, ""), "!needs FILE (try --help)");
    CHECK_STR(scan(&exact, "a"), "[a]");
    CHECK_STR(scan(&exact, "a b"), "!too many operands (try --help)");
    CHECK_STR(scan(&none, "a"), "!takes no operands (try --help)");
}

/* The error has room for any word. */
static void options_long_words(void)
{
    char word[100];

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = 0;
    memcpy(word, "--", 2);
    CHECK(scan(&some, word)[0] == '!');
    memcpy(word, "-n", 2);
    CHECK(scan(&some, word)[0] == '!');
}

static void options_numbers(void)
{
    uint32_t number = 5;

    CHECK(options_number("0", 0, 10, &number) && number == 0);
    CHECK(options_number("010", 0, 10, &number) && number == 10);
    CHECK(options_number("4294967295", 0, UINT32_MAX, &number) && number == UINT32_MAX);
    CHECK(!options_number("4294967296", 0, UINT32_MAX, &number));
    CHECK(!options_number("99999999999999999999999", 0, UINT32_MAX, &number));
    CHECK(!options_number("", 0, 10, &number));
    CHECK(!options_number(" 1", 0, 10, &number));
    CHECK(!options_number("1 ", 0, 10, &number));
    CHECK(!options_number("+1", 0, 10, &number));
    CHECK(!options_number("3", 4, 10, &number));
    CHECK(number == UINT32_MAX);
}

int main(void)
{
    UNIT_RUN(options_none);
    UNIT_RUN(options_flags);
    UNIT_RUN(options_values);
    UNIT_RUN(options_strings);
    UNIT_RUN(options_end);
    UNIT_RUN(options_unknown);
    UNIT_RUN(options_wrong_values);
    UNIT_RUN(options_help_wins);
    UNIT_RUN(options_operands);
    UNIT_RUN(options_long_words);
    UNIT_RUN(options_numbers);
    return unit_done();
}
