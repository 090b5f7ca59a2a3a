/* The line editor, see editor.h. */
#include "servers/console/editor.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CTRL(letter) ((letter)-0x40)
#define KEY_ESCAPE   0x1b
#define KEY_DELETE   0x7f

#define ERASE_TO_END "\033[K"

static void emit(struct editor *editor, const char *text)
{
    editor->write(text, strlen(text));
}

void editor_init(struct editor *editor, void (*write)(const char *text, size_t len))
{
    *editor = (struct editor){.write = write};
}

void editor_clear(struct editor *editor)
{
    editor->len = 0;
    editor->cursor = 0;
    editor->first = 0;
    editor->back = 0;
    editor->line[0] = 0;
    editor->escape = EDITOR_GROUND;
}

void editor_set_prompt(struct editor *editor, const char *text, uint32_t len, uint32_t columns)
{
    bool fits = len <= EDITOR_PROMPT_MAX && columns <= EDITOR_COLUMNS / 2;

    editor->prompt_len = fits ? len : 0;
    editor->prompt_columns = fits ? columns : 0;
    memcpy(editor->prompt, text, editor->prompt_len);
}

/* Characters of the line that the row has room for; the cursor may stand behind the last of all. */
static uint32_t room(const struct editor *editor)
{
    return EDITOR_COLUMNS - 1 - editor->prompt_columns;
}

/* Scrolls sideways so that the cursor, and the character that it is on, are in sight. */
static void scroll(struct editor *editor)
{
    uint32_t most = editor->cursor == editor->len ? room(editor) : room(editor) - 1;

    if (editor->cursor < editor->first)
        editor->first = editor->cursor;
    if (editor->cursor > editor->first + most)
        editor->first = editor->cursor - most;
}

void editor_show(struct editor *editor)
{
    char row[EDITOR_PROMPT_MAX + EDITOR_COLUMNS + 32];
    uint32_t shown;
    uint32_t column;
    uint32_t at = 0;

    scroll(editor);
    shown = editor->len - editor->first;
    if (shown > room(editor))
        shown = room(editor);
    row[at++] = '\r';
    memcpy(row + at, editor->prompt, editor->prompt_len);
    at += editor->prompt_len;
    memcpy(row + at, editor->line + editor->first, shown);
    at += shown;
    column = editor->prompt_columns + editor->cursor - editor->first;
    at += (uint32_t)snprintf(row + at, sizeof(row) - at, ERASE_TO_END "\r");
    if (column != 0)
        at += (uint32_t)snprintf(row + at, sizeof(row) - at, "\033[%uC", (unsigned int)column);
    editor->write(row, at);
}

void editor_hide(struct editor *editor)
{
    emit(editor, "\r" ERASE_TO_END);
}

static void set_line(struct editor *editor, const char *text)
{
    editor->len = (uint32_t)strlen(text);
    editor->cursor = editor->len;
    editor->first = 0;
    memmove(editor->line, text, editor->len + 1);
    editor_show(editor);
}

static void insert(struct editor *editor, char c)
{
    bool at_end = editor->cursor == editor->len;

    if (editor->len == EDITOR_LINE_MAX)
        return;
    memmove(editor->line + editor->cursor + 1, editor->line + editor->cursor,
            editor->len - editor->cursor + 1);
    editor->line[editor->cursor++] = c;
    editor->len++;
    if (at_end && editor->cursor <= editor->first + room(editor))
        editor->write(&c, 1);
    else
        editor_show(editor);
}

/* Takes the characters from `from` up to `to`; the cursor is left at `from`. */
static void erase(struct editor *editor, uint32_t from, uint32_t to)
{
    bool last =
        to == editor->len && from + 1 == to && editor->cursor == to && from >= editor->first;

    if (from == to)
        return;
    memmove(editor->line + from, editor->line + to, editor->len - to + 1);
    editor->len -= to - from;
    editor->cursor = from;
    if (last)
        emit(editor, "\b \b");
    else
        editor_show(editor);
}

static void move(struct editor *editor, uint32_t to)
{
    uint32_t from = editor->cursor;

    if (to > editor->len || to == from) /* also -1 */
        return;
    editor->cursor = to;
    if (to + 1 == from && to >= editor->first)
        emit(editor, "\b");
    else if (to == from + 1 && to < editor->first + room(editor))
        editor->write(&editor->line[from], 1);
    else
        editor_show(editor);
}

static uint32_t word_start(const struct editor *editor)
{
    uint32_t at = editor->cursor;

    while (at > 0 && editor->line[at - 1] == ' ')
        at--;
    while (at > 0 && editor->line[at - 1] != ' ')
        at--;
    return at;
}

static char *history_entry(struct editor *editor, uint32_t back)
{
    return editor->history[(editor->entries - back) % EDITOR_HISTORY_MAX];
}

static void history_add(struct editor *editor)
{
    if (editor->len == 0 ||
        (editor->entries != 0 && strcmp(history_entry(editor, 1), editor->line) == 0))
        return;
    editor->entries++;
    memcpy(history_entry(editor, 1), editor->line, editor->len + 1);
}

static void history_go(struct editor *editor, uint32_t back)
{
    uint32_t kept = editor->entries < EDITOR_HISTORY_MAX ? editor->entries : EDITOR_HISTORY_MAX;

    if (back > kept) /* also -1, from below the newest */
        return;
    if (editor->back == 0)
        memcpy(editor->fresh, editor->line, editor->len + 1);
    editor->back = back;
    set_line(editor, back == 0 ? editor->fresh : history_entry(editor, back));
}

static void backspace(struct editor *editor)
{
    if (editor->cursor != 0)
        erase(editor, editor->cursor - 1, editor->cursor);
}

static void delete_next(struct editor *editor)
{
    if (editor->cursor != editor->len)
        erase(editor, editor->cursor, editor->cursor + 1);
}

/* The last byte of an escape sequence. */
static void escape_key(struct editor *editor, uint8_t byte)
{
    switch (byte) {
    case 'A':
        history_go(editor, editor->back + 1);
        break;
    case 'B':
        history_go(editor, editor->back - 1);
        break;
    case 'C':
        move(editor, editor->cursor + 1);
        break;
    case 'D':
        move(editor, editor->cursor - 1);
        break;
    case 'H':
        move(editor, 0);
        break;
    case 'F':
        move(editor, editor->len);
        break;
    case '~':
        if (editor->number == 1 || editor->number == 7)
            move(editor, 0);
        else if (editor->number == 4 || editor->number == 8)
            move(editor, editor->len);
        else if (editor->number == 3)
            delete_next(editor);
        break;
    }
}

/* ECMA-48: after ESC [ come parameters, 0x30 to 0x3f, and one final byte from 0x40 on. */
static void escape_feed(struct editor *editor, uint8_t byte)
{
    if (editor->escape == EDITOR_ESCAPE) {
        editor->number = 0;
        editor->escape = byte == '[' ? EDITOR_CSI : byte == 'O' ? EDITOR_SS3 : EDITOR_GROUND;
        return;
    }
    if (editor->escape == EDITOR_CSI && byte >= '0' && byte <= '?') {
        if (byte <= '9' && editor->number < 1000)
            editor->number = editor->number * 10 + byte - '0';
        return;
    }
    editor->escape = EDITOR_GROUND;
    escape_key(editor, byte);
}

static void control_key(struct editor *editor, uint8_t byte)
{
    switch (byte) {
    case CTRL('A'):
        move(editor, 0);
        break;
    case CTRL('B'):
        move(editor, editor->cursor - 1);
        break;
    case CTRL('E'):
        move(editor, editor->len);
        break;
    case CTRL('F'):
        move(editor, editor->cursor + 1);
        break;
    case CTRL('H'):
    case KEY_DELETE:
        backspace(editor);
        break;
    case CTRL('K'):
        erase(editor, editor->cursor, editor->len);
        break;
    case CTRL('L'):
        emit(editor, "\033[H\033[2J");
        editor_show(editor);
        break;
    case CTRL('N'):
        history_go(editor, editor->back - 1);
        break;
    case CTRL('P'):
        history_go(editor, editor->back + 1);
        break;
    case CTRL('U'):
        erase(editor, 0, editor->cursor);
        break;
    case CTRL('W'):
        erase(editor, word_start(editor), editor->cursor);
        break;
    case KEY_ESCAPE:
        editor->escape = EDITOR_ESCAPE;
        break;
    }
}

enum editor_event editor_feed(struct editor *editor, uint8_t byte)
{
    if (editor->escape != EDITOR_GROUND) {
        escape_feed(editor, byte);
        return EDITOR_NONE;
    }
    if (byte == '\r' || byte == '\n') {
        emit(editor, "\n");
        history_add(editor);
        return EDITOR_LINE;
    }
    if (byte == CTRL('D')) {
        if (editor->len == 0)
            return EDITOR_END;
        delete_next(editor);
        return EDITOR_NONE;
    }
    if (byte >= ' ' && byte < KEY_DELETE)
        insert(editor, (char)byte);
    else
        control_key(editor, byte);
    return EDITOR_NONE;
}
