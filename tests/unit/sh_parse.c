/* apps/sh/parse.c: words, quotes, operators, errors. */
#include "apps/sh/parse.h"

#include "unit.h"

/* The commands of a line: words in brackets, and the operator behind them. */
static const char *parse(const char *line, int status)
{
    static const char *const ends[] = {"", " ;", " &", " &&", " ||"};
    static char text[4 * PARSE_LINE_MAX];
    struct parse_command command;
    enum parse_result result;
    size_t len = 0;

    text[0] = 0;
    while ((result = parse_next(&line, status, &command)) == PARSE_COMMAND) {
        for (int i = 0; i < command.argc; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "[%s]", command.argv[i]);
        CHECK(command.argv[command.argc] == NULL);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", ends[command.end]);
    }
    if (result == PARSE_ERROR)
        snprintf(text + len, sizeof(text) - len, "!%s", command.error);
    return text;
}

static void parse_nothing(void)
{
    CHECK_STR(parse("", 0), "");
    CHECK_STR(parse(" \t \n", 0), "");
    CHECK_STR(parse("# a comment", 0), "");
    CHECK_STR(parse("  # ; & 'x", 0), "");
}

static void parse_words(void)
{
    CHECK_STR(parse("ls", 0), "[ls]");
    CHECK_STR(parse("  echo\ta  b \n", 0), "[echo][a][b]");
    CHECK_STR(parse("echo a#b # c", 0), "[echo][a#b]");
}

static void parse_single_quotes(void)
{
    CHECK_STR(parse("echo 'a  b' c", 0), "[echo][a  b][c]");
    CHECK_STR(parse("echo '' x''y", 0), "[echo][][xy]");
    CHECK_STR(parse("echo '\\n\"$?;&|#'", 3), "[echo][\\n\"$?;&|#]");
    CHECK_STR(parse("'l's", 0), "[ls]");
}

static void parse_double_quotes(void)
{
    CHECK_STR(parse("echo \"a  'b'\" c", 0), "[echo][a  'b'][c]");
    CHECK_STR(parse("echo \"\\\"\\\\\" \"\"", 0), "[echo][\"\\][]");
    CHECK_STR(parse("echo \"a;b&c|d#e>f\"", 0), "[echo][a;b&c|d#e>f]");
}

static void parse_backslash(void)
{
    CHECK_STR(parse("echo a\\ b \\'c \\; \\$?", 3), "[echo][a b]['c][;][$?]");
    CHECK_STR(parse("echo \\#", 0), "[echo][#]");
}

static void parse_status(void)
{
    CHECK_STR(parse("echo $? x$?y \"$?\"", 42), "[echo][42][x42y][42]");
    CHECK_STR(parse("echo $ $x $$", 42), "[echo][$][$x][$$]");
}

static void parse_status_is_that_of_the_moment(void)
{
    const char *line = "false; echo $?";
    struct parse_command command;

    CHECK_INT(parse_next(&line, 0, &command), PARSE_COMMAND);
    CHECK_INT(parse_next(&line, 1, &command), PARSE_COMMAND);
    CHECK_STR(command.argv[1], "1");
    CHECK_INT(parse_next(&line, 0, &command), PARSE_NOTHING);
}

static void parse_operators(void)
{
    CHECK_STR(parse("a;b ; c", 0), "[a] ;[b] ;[c]");
    CHECK_STR(parse("a&", 0), "[a] &");
    CHECK_STR(parse("a& b&c", 0), "[a] &[b] &[c]");
    CHECK_STR(parse("a x&&b y||c", 0), "[a][x] &&[b][y] ||[c]");
    CHECK_STR(parse("a;", 0), "[a] ;");
    CHECK_STR(parse("a; # b", 0), "[a] ;");
}

static void parse_errors(void)
{
    CHECK_STR(parse("echo 'a", 0), "!no closing '");
    CHECK_STR(parse("echo \"a", 0), "!no closing \"");
    CHECK_STR(parse("echo \"a\\\"", 0), "!no closing \"");
    CHECK_STR(parse("echo \\", 0), "!nothing after \\");
    CHECK_STR(parse("a | b", 0), "!there are no pipes");
    CHECK_STR(parse("a > b", 0), "!there is no redirection");
    CHECK_STR(parse("a < b", 0), "!there is no redirection");
}

static void parse_missing_commands(void)
{
    CHECK_STR(parse(";", 0), "!a command is missing");
    CHECK_STR(parse("a;;b", 0), "[a] ;!a command is missing");
    CHECK_STR(parse("& a", 0), "!a command is missing");
    CHECK_STR(parse("a &&", 0), "!a command is missing at the end");
    CHECK_STR(parse("a || # b", 0), "!a command is missing at the end");
    CHECK_STR(parse("a && ; b", 0), "[a] &&!a command is missing");
}

static void parse_too_many_words(void)
{
    char line[PARSE_LINE_MAX] = "";

    for (int i = 0; i < PARSE_WORDS_MAX; i++)
        strcat(line, "a ");
    CHECK(parse_check(line) == NULL);
    strcat(line, "a");
    CHECK_STR(parse_check(line), "the command is too long");
}

/* With $? two characters become three: the longest line of them still fits. */
static void parse_longest_line(void)
{
    char line[PARSE_LINE_MAX];

    for (size_t i = 0; i + 2 < sizeof(line); i += 2)
        memcpy(line + i, "$?", 3);
    CHECK(parse_check(line) == NULL);
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    CHECK(parse_check(line) == NULL);
}

static void parse_text_that_does_not_fit(void)
{
    static char line[PARSE_TEXT_MAX + 1];

    memset(line, 'a', PARSE_TEXT_MAX);
    CHECK_STR(parse_check(line), "the command is too long");
    line[PARSE_TEXT_MAX - 1] = 0;
    CHECK(parse_check(line) == NULL);
}

static void parse_check_finds_later_errors(void)
{
    CHECK(parse_check("") == NULL);
    CHECK(parse_check("a; b & c && d || e") == NULL);
    CHECK_STR(parse_check("a; b; c 'd"), "no closing '");
}

/* Whatever the line: it ends, words are inside the text, and what parse_check accepts can be read. */
static void parse_random_lines(void)
{
    static const char letters[] = "ab '\"\\$?;&|#<>\t";
    char line[PARSE_LINE_MAX];

    for (int run = 0; run < 20000; run++) {
        size_t len = unit_random(sizeof(line));
        for (size_t i = 0; i < len; i++)
            line[i] = letters[unit_random(sizeof(letters) - 1)];
        line[len] = 0;
        CHECK((strchr(parse(line, 255), '!') != NULL) == (parse_check(line) != NULL));
    }
}

int main(void)
{
    UNIT_RUN(parse_nothing);
    UNIT_RUN(parse_words);
    UNIT_RUN(parse_single_quotes);
    UNIT_RUN(parse_double_quotes);
    UNIT_RUN(parse_backslash);
    UNIT_RUN(parse_status);
    UNIT_RUN(parse_status_is_that_of_the_moment);
    UNIT_RUN(parse_operators);
    UNIT_RUN(parse_errors);
    UNIT_RUN(parse_missing_commands);
    UNIT_RUN(parse_too_many_words);
    UNIT_RUN(parse_longest_line);
    UNIT_RUN(parse_text_that_does_not_fit);
    UNIT_RUN(parse_check_finds_later_errors);
    UNIT_RUN(parse_random_lines);
    return unit_done();
}
