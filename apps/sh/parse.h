/* The shell's language: from a line to commands, one at a time. No system call in here.
 *
 *   word       letters up to a blank or an operator. 'text' stands for itself; in "text" and outside
 *              of quotes \ takes the next character as it is and $? is the last exit status
 *   command    words; `# ...` at the beginning of a word: nothing more on this line
 *   operators  ;  one after the other    &  in the background
 *              && if that went well      || if it did not
 */
#ifndef GRAIN_APPS_SH_PARSE_H
#define GRAIN_APPS_SH_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define PARSE_LINE_MAX \
    240 /* bytes of a line, its 0 included: as many as the console reads at once */
#define PARSE_WORDS_MAX 63 /* of a command: the most arguments that a program takes, and NULL */
#define PARSE_TEXT_MAX  (2 * PARSE_LINE_MAX)

/* What comes after a command. */
enum parse_end { PARSE_END, PARSE_THEN, PARSE_BACKGROUND, PARSE_AND, PARSE_OR };

enum parse_result { PARSE_NOTHING, PARSE_COMMAND, PARSE_ERROR };

struct parse_command {
    int argc;
    char *argv[PARSE_WORDS_MAX + 1]; /* in text[], ends with NULL */
    enum parse_end end;
    const char *error; /* PARSE_ERROR: what is wrong */
    size_t used;       /* of text[] */
    char text[PARSE_TEXT_MAX];
};

/* Reads the command at *line and moves *line behind it; `status` is what $? stands for.
 * PARSE_NOTHING: there is no further one. */
enum parse_result parse_next(const char **line, int status, struct parse_command *command);

/* Whether the whole line can be read: nothing of a line with an error in it is to be run. Returns
 * what is wrong, or NULL. */
const char *parse_check(const char *line);

#endif
