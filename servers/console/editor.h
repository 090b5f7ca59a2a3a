/* The line editor of cooked mode: bytes in, a line out, and what shows it on a terminal. No system call
 * in here.
 *
 * Keys: printable ASCII; Enter; left, right, Home, End (or Ctrl-B F A E); Backspace, Delete; Ctrl-K and
 * Ctrl-U erase to the end and all before the cursor, Ctrl-W the word before it; up, down (or Ctrl-P N) are
 * the history; Ctrl-L clears the screen; Ctrl-D on an empty line is the end of input. Arrows and the like
 * come as the escape sequences of a VT220. The line takes one row of the screen and scrolls sideways.
 */
#ifndef CONSOLE_EDITOR_H
#define CONSOLE_EDITOR_H

#include <stddef.h>
#include <stdint.h>

#define EDITOR_LINE_MAX    238u /* characters, so that line, newline and 0 are 240 bytes */
#define EDITOR_HISTORY_MAX 32u
#define EDITOR_PROMPT_MAX  120u /* bytes */
#define EDITOR_COLUMNS     80u

enum editor_event {
    EDITOR_NONE,
    EDITOR_LINE, /* a line is complete: editor->line, until editor_clear */
    EDITOR_END,  /* end of input */
};

enum editor_escape { EDITOR_GROUND, EDITOR_ESCAPE, EDITOR_CSI, EDITOR_SS3 };

struct editor {
    void (*write)(const char *text, size_t len); /* to the terminal */

    char line[EDITOR_LINE_MAX + 1]; /* ends with 0 */
    uint32_t len;
    uint32_t cursor; /* 0 to len */
    uint32_t first;  /* index of the first character shown */

    char prompt[EDITOR_PROMPT_MAX];
    uint32_t prompt_len;
    uint32_t prompt_columns;

    enum editor_escape escape;
    uint32_t number; /* of the escape sequence */

    char history[EDITOR_HISTORY_MAX][EDITOR_LINE_MAX + 1]; /* a ring */
    uint32_t entries;                                      /* ever added */
    uint32_t back;                   /* the line shown is that many back; 0: a new one, */
    char fresh[EDITOR_LINE_MAX + 1]; /* which is kept here meanwhile */
};

void editor_init(struct editor *editor, void (*write)(const char *text, size_t len));

/* What stands on the row before the line, and how many columns that takes: shorter than the two limits
 * above, else there is none. Nothing is written. */
void editor_set_prompt(struct editor *editor, const char *text, uint32_t len, uint32_t columns);

/* Takes one byte. */
enum editor_event editor_feed(struct editor *editor, uint8_t byte);

/* Writes the row anew, prompt included; erases it. */
void editor_show(struct editor *editor);
void editor_hide(struct editor *editor);

/* Begins an empty line. Nothing is written. */
void editor_clear(struct editor *editor);

#endif
