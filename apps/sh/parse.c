/* The shell's language, see apps/sh/parse.h. */
#include "apps/sh/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TOO_LONG "the command is too long"

struct operator
{
    const char *text;
    enum parse_end end;
};

/* Longer ones first. */
static const struct operator operators[] = {
    {"&&", PARSE_AND},
    {"||", PARSE_OR},
    {";", PARSE_THEN},
    {"&", PARSE_BACKGROUND},
};

/* Characters that end a word, all but blanks. */
static const char special[] = "&|;<>";

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return *at == '#' ? at + strlen(at) : at;
}

static enum parse_result fail(struct parse_command *command, const char *error)
{
    command->error = error;
    return PARSE_ERROR;
}

static bool put(struct parse_command *command, char c)
{
    if (command->used == sizeof(command->text)) {
        command->error = TOO_LONG;
        return false;
    }
    command->text[command->used++] = c;
    return true;
}

static bool put_status(struct parse_command *command, int status)
{
    char digits[12];

    snprintf(digits, sizeof(digits), "%d", status);
    for (const char *digit = digits; *digit != 0; digit++) {
        if (!put(command, *digit))
            return false;
    }
    return true;
}

/* 'text': everything is itself. *at is behind the quote, and then behind the closing one. */
static bool read_quoted(const char **at, struct parse_command *command)
{
    for (; **at != '\''; (*at)++) {
        if (**at == 0) {
            command->error = "no closing '";
            return false;
        }
        if (!put(command, **at))
            return false;
    }
    (*at)++;
    return true;
}

/* One character outside of 'text', or two: \c and $?. */
static bool read_char(const char **at, int status, struct parse_command *command)
{
    const char *here = *at;

    if (here[0] == '$' && here[1] == '?') {
        *at += 2;
        return put_status(command, status);
    }
    if (here[0] == '\\') {
        if (here[1] == 0) {
            command->error = "nothing after \\";
            return false;
        }
        *at += 2;
        return put(command, here[1]);
    }
    *at += 1;
    return put(command, here[0]);
}

static bool read_double_quoted(const char **at, int status, struct parse_command *command)
{
    while (**at != '"') {
        if (**at == 0) {
            command->error = "no closing \"";
            return false;
        }
        if (!read_char(at, status, command))
            return false;
    }
    (*at)++;
    return true;
}

static bool word_goes_on(char c)
{
    return c != 0 && !isspace((unsigned char)c) && strchr(special, c) == NULL;
}

static bool read_word(const char **at, int status, struct parse_command *command)
{
    char *word = command->text + command->used;

    if (command->argc == PARSE_WORDS_MAX) {
        command->error = TOO_LONG;
        return false;
    }
    while (word_goes_on(**at)) {
        bool good;

        if (**at == '\'') {
            (*at)++;
            good = read_quoted(at, command);
        } else if (**at == '"') {
            (*at)++;
            good = read_double_quoted(at, status, command);
        } else {
            good = read_char(at, status, command);
        }
        if (!good)
            return false;
    }
    command->argv[command->argc++] = word;
    return put(command, 0);
}

static enum parse_result read_operator(const char **at, struct parse_command *command)
{
    if (**at == 0)
        return PARSE_COMMAND;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t len = strlen(operators[i].text);

        if (strncmp(*at, operators[i].text, len) == 0) {
            *at += len;
            command->end = operators[i].end;
            return PARSE_COMMAND;
        }
    }
    return fail(command, **at == '|' ? "there are no pipes" : "there is no redirection");
}

/* A command must stand before every operator, and behind && and ||. */
static enum parse_result check_place(const char *at, struct parse_command *command)
{
    if (command->argc == 0)
        return fail(command, "a command is missing");
    if ((command->end == PARSE_AND || command->end == PARSE_OR) && *skip_blanks(at) == 0)
        return fail(command, "a command is missing at the end");
    return PARSE_COMMAND;
}

enum parse_result parse_next(const char **line, int status, struct parse_command *command)
{
    const char *at = skip_blanks(*line);

    command->argc = 0;
    command->end = PARSE_END;
    command->error = NULL;
    command->used = 0;
    *line = at;
    if (*at == 0)
        return PARSE_NOTHING;
    for (; word_goes_on(*at); at = skip_blanks(at)) {
        if (!read_word(&at, status, command))
            return PARSE_ERROR;
    }
    command->argv[command->argc] = NULL;
    if (read_operator(&at, command) == PARSE_ERROR)
        return PARSE_ERROR;
    *line = at;
    return check_place(at, command);
}

const char *parse_check(const char *line)
{
    struct parse_command command;
    enum parse_result result;

    do {
        /* The longest that a status can be: then the text fits with any. */
        result = parse_next(&line, 255, &command);
    } while (result == PARSE_COMMAND);
    return result == PARSE_ERROR ? command.error : NULL;
}
