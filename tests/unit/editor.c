/* servers/console/editor.c: each key, what is shown, history, and keys at random against a model. What the
 * editor writes goes to the console's own screen: what a person would see is checked. */
#include "servers/console/editor.h"

#include "servers/console/screen.h"
#include "unit.h"

#define LEFT   "\033[D"
#define RIGHT  "\033[C"
#define UP     "\033[A"
#define DOWN   "\033[B"
#define HOME   "\033[H"
#define END    "\033[F"
#define DELETE "\033[3~"
#define PROMPT "$ "

static struct editor editor;
static struct screen screen;
static uint16_t cells[SCREEN_CELLS];

static void show(const char *text, size_t len)
{
    screen_write(&screen, text, len);
}

/* A new editor behind the prompt, in the top row. */
static void begin(void)
{
    screen_init(&screen, cells, NULL);
    editor_init(&editor, show);
    show(PROMPT, strlen(PROMPT));
    editor_set_prompt(&editor, PROMPT, strlen(PROMPT), strlen(PROMPT));
}

/* Returns the last event. */
static enum editor_event type(const char *keys)
{
    enum editor_event event = EDITOR_NONE;

    for (; *keys != 0; keys++)
        event = editor_feed(&editor, (uint8_t)*keys);
    return event;
}

/* A whole line, and the next prompt. */
static void enter(const char *keys)
{
    CHECK_INT(type(keys), EDITOR_NONE);
    CHECK_INT(type("\r"), EDITOR_LINE);
    editor_clear(&editor);
    show(PROMPT, strlen(PROMPT));
}

/* The cursor's row, without blanks at its end. */
static const char *row(void)
{
    static char text[SCREEN_COLUMNS + 1];
    uint32_t end = 0;

    for (uint32_t i = 0; i < SCREEN_COLUMNS; i++) {
        text[i] = (char)cells[screen.row * SCREEN_COLUMNS + i];
        if (text[i] != ' ')
            end = i + 1;
    }
    text[end] = 0;
    return text;
}

static void expect(const char *keys, const char *line, uint32_t cursor)
{
    char shown[SCREEN_COLUMNS + 1];
    size_t len;

    begin();
    CHECK_INT(type(keys), EDITOR_NONE);
    CHECK_STR(editor.line, line);
    CHECK_INT(editor.len, strlen(line));
    CHECK_INT(editor.cursor, cursor);
    len = (size_t)snprintf(shown, sizeof(shown), PROMPT "%s", line);
    while (len > 0 && shown[len - 1] == ' ')
        shown[--len] = 0;
    CHECK_STR(row(), shown);
    CHECK_INT(screen.column, strlen(PROMPT) + cursor);
}

static void editor_takes_text(void)
{
    expect("", "", 0);
    expect("echo hello", "echo hello", 10);
    expect("tab\there\200\377", "tabhere", 7); /* neither tabs nor what is not ASCII */
}

static void editor_ends_a_line(void)
{
    begin();
    CHECK_INT(type("ls\r"), EDITOR_LINE);
    CHECK_STR(editor.line, "ls");
    CHECK_INT(screen.row, 1);
    CHECK_INT(screen.column, 0);
    editor_clear(&editor);
    CHECK_INT(type("ps" LEFT "\n"), EDITOR_LINE);
    CHECK_STR(editor.line, "ps");
    editor_clear(&editor);
    CHECK_INT(type("\r"), EDITOR_LINE);
    CHECK_STR(editor.line, "");
}

static void editor_moves(void)
{
    expect("abc" LEFT, "abc", 2);
    expect("abc" LEFT LEFT "x", "axbc", 2);
    expect("abc" LEFT LEFT LEFT LEFT "x", "xabc", 1);
    expect("abc" LEFT RIGHT RIGHT "x", "abcx", 4);
    expect("abc" HOME "x" END "y", "xabcy", 5);
    expect("abc\001x\005y", "xabcy", 5);
    expect("abc\033[1~x\033[4~y", "xabcy", 5);
    expect("abc\033OHx\033OFy", "xabcy", 5);
    expect("abc\002\002x\006y", "axbyc", 4);
}

static void editor_erases(void)
{
    expect("abc\177", "ab", 2);
    expect("abc\b\b\b\b", "", 0);
    expect("abc" LEFT "\177", "ac", 1);
    expect("abc" HOME DELETE, "bc", 0);
    expect("abc" DELETE, "abc", 3);
    expect("abc" HOME "\004", "bc", 0);
    expect("abc def" LEFT LEFT "\013", "abc d", 5);
    expect("abc def" LEFT LEFT "\025", "ef", 0);
    expect("abc  def  \027", "abc  ", 5);
    expect("abc  def  \027\027", "", 0);
    expect("abc def" LEFT "\027", "abc f", 4);
}

static void editor_end_of_input(void)
{
    begin();
    CHECK_INT(type("\004"), EDITOR_END);
    CHECK_INT(type("a\004"), EDITOR_NONE);
    CHECK_INT(type("\177\004"), EDITOR_END);
}

static void editor_history_goes_both_ways(void)
{
    begin();
    enter("one");
    enter("two");
    enter("two"); /* kept once */
    enter("");    /* not kept */
    (void)type("new" UP);
    CHECK_STR(editor.line, "two");
    (void)type(UP UP UP);
    CHECK_STR(editor.line, "one");
    CHECK_STR(row(), PROMPT "one");
    (void)type(DOWN);
    CHECK_STR(editor.line, "two");
    (void)type(DOWN DOWN DOWN);
    CHECK_STR(editor.line, "new");
    (void)type("\020\020x\016");
    CHECK_STR(editor.line, "two");
    enter(""); /* runs "two" again: not kept twice */
    (void)type(UP UP);
    CHECK_STR(editor.line, "one");
}

static void editor_history_is_bounded(void)
{
    char text[16];

    begin();
    for (uint32_t i = 0; i < EDITOR_HISTORY_MAX + 10; i++) {
        snprintf(text, sizeof(text), "line %u", (unsigned int)i);
        enter(text);
    }
    for (uint32_t i = 0; i < 2 * EDITOR_HISTORY_MAX; i++)
        (void)type(UP);
    CHECK_STR(editor.line, "line 10");
}

static void editor_line_is_bounded(void)
{
    begin();
    for (uint32_t i = 0; i < 2 * EDITOR_LINE_MAX; i++)
        (void)type("x");
    CHECK_INT(editor.len, EDITOR_LINE_MAX);
    CHECK_INT(screen.row, 0);
    CHECK_INT(screen.column, SCREEN_COLUMNS - 1);
    (void)type(HOME);
    CHECK_INT(screen.column, strlen(PROMPT));
    CHECK_INT(screen.row, 0);
    CHECK_INT(type("\r"), EDITOR_LINE);
}

/* A long line scrolls sideways: the cursor is always in sight, on the character that it is on. */
static void editor_long_line_scrolls(void)
{
    begin();
    for (uint32_t i = 0; i < 200; i++)
        (void)editor_feed(&editor, (uint8_t)('a' + i % 26));
    for (uint32_t i = 200; i-- > 0;) {
        (void)type(LEFT);
        CHECK_INT((char)cells[screen.column], 'a' + i % 26);
        CHECK(screen.column >= strlen(PROMPT) && screen.row == 0);
    }
    CHECK(strncmp(row(), PROMPT "abc", 5) == 0);
}

static void editor_hides_and_shows(void)
{
    begin();
    (void)type("abc" LEFT);
    editor_hide(&editor);
    CHECK_STR(row(), "");
    CHECK_INT(screen.column, 0);
    editor_show(&editor);
    CHECK_STR(row(), PROMPT "abc");
    CHECK_INT(screen.column, strlen(PROMPT) + 2);
}

static void editor_too_long_a_prompt_is_none(void)
{
    char prompt[EDITOR_PROMPT_MAX + 1];

    memset(prompt, '>', sizeof(prompt));
    begin();
    editor_set_prompt(&editor, prompt, sizeof(prompt), 10);
    CHECK_INT(editor.prompt_len, 0);
    editor_set_prompt(&editor, prompt, 10, EDITOR_COLUMNS);
    CHECK_INT(editor.prompt_len, 0);
    editor_set_prompt(&editor, prompt, EDITOR_PROMPT_MAX, EDITOR_COLUMNS / 2);
    editor_show(&editor);
    CHECK_INT(editor.prompt_columns, EDITOR_COLUMNS / 2);
}

/* Any keys: the line stays within its bounds, and the screen's row shows what the line is. */
static void editor_random_keys(void)
{
    static const char *const keys[] = {LEFT,   RIGHT,  UP,     DOWN,    HOME,   END,
                                       DELETE, "\001", "\005", "\013",  "\025", "\027",
                                       "\177", "\177", "\033", "\033[", "\014", "\r"};

    begin();
    for (uint32_t i = 0; i < 100000; i++) {
        char letter[2] = {(char)(' ' + unit_random(95)), 0};
        uint32_t which = unit_random(60);
        const char *key = which < sizeof(keys) / sizeof(keys[0]) ? keys[which] : letter;

        if (type(key) == EDITOR_LINE) {
            editor_clear(&editor);
            show(PROMPT, strlen(PROMPT));
        }
        CHECK(editor.len <= EDITOR_LINE_MAX && editor.cursor <= editor.len);
        CHECK(editor.line[editor.len] == 0 && strlen(editor.line) == editor.len);
        CHECK(editor.first <= editor.cursor);
        CHECK_INT(screen.column, strlen(PROMPT) + editor.cursor - editor.first);
        if (editor.cursor < editor.len && screen.column < SCREEN_COLUMNS)
            CHECK_INT((char)cells[screen.row * SCREEN_COLUMNS + screen.column],
                      editor.line[editor.cursor]);
        if (unit.failing)
            return;
    }
}

int main(void)
{
    UNIT_RUN(editor_takes_text);
    UNIT_RUN(editor_ends_a_line);
    UNIT_RUN(editor_moves);
    UNIT_RUN(editor_erases);
    UNIT_RUN(editor_end_of_input);
    UNIT_RUN(editor_history_goes_both_ways);
    UNIT_RUN(editor_history_is_bounded);
    UNIT_RUN(editor_line_is_bounded);
    UNIT_RUN(editor_long_line_scrolls);
    UNIT_RUN(editor_hides_and_shows);
    UNIT_RUN(editor_too_long_a_prompt_is_none);
    UNIT_RUN(editor_random_keys);
    return unit_done();
}
