/* servers/console/screen.c: text, wrapping, scrolling, each sequence, bytes at random. */
#include "servers/console/screen.h"

#include "unit.h"

#define GUARD 0xbeefu

static struct screen screen;
static uint16_t memory[1 + SCREEN_CELLS + 1]; /* guards around it */
static uint16_t *const cells = memory + 1;
static uint32_t cursor;

static void set_cursor(uint32_t cell)
{
    cursor = cell;
}

static void write(const char *text)
{
    screen_write(&screen, text, strlen(text));
}

static void begin(const char *text)
{
    memory[0] = GUARD;
    memory[1 + SCREEN_CELLS] = GUARD;
    screen_init(&screen, cells, set_cursor);
    write(text);
}

/* A row without blanks at its end. */
static const char *row(uint32_t index)
{
    static char text[SCREEN_COLUMNS + 1];
    uint32_t end = 0;

    for (uint32_t i = 0; i < SCREEN_COLUMNS; i++) {
        text[i] = (char)cells[index * SCREEN_COLUMNS + i];
        if (text[i] != ' ')
            end = i + 1;
    }
    text[end] = 0;
    return text;
}

static void screen_text(void)
{
    begin("one\ntwo\rT\n\ta\tb\bc");
    CHECK_STR(row(0), "one");
    CHECK_STR(row(1), "Two");
    CHECK_STR(row(2), "        a       c");
    CHECK_INT(cursor, 2 * SCREEN_COLUMNS + 17);
}

static void screen_wraps_late(void)
{
    begin("");
    for (uint32_t i = 0; i < SCREEN_COLUMNS; i++)
        write("x");
    CHECK_INT(screen.row, 0);
    CHECK_INT(cursor, SCREEN_COLUMNS - 1);
    write("\r");
    CHECK_INT(screen.row, 0);
    write("\033[80Cxy");
    CHECK_STR(row(1), "y");
}

static void screen_scrolls(void)
{
    char text[16];

    begin("");
    for (unsigned int i = 0; i < SCREEN_ROWS + 5; i++) {
        snprintf(text, sizeof(text), "%s%u", i == 0 ? "" : "\n", i);
        write(text);
    }
    CHECK_STR(row(0), "5");
    CHECK_STR(row(SCREEN_ROWS - 1), "29");
}

static void screen_moves(void)
{
    begin("\033[3;5HA\033[A\033[2DB\033[9B\033[CC\033[H\033[999B\033[999CD\033[Ha");
    CHECK_STR(row(2), "    A");
    CHECK_STR(row(1), "   B");
    CHECK_STR(row(10), "     C");
    CHECK_INT((char)cells[SCREEN_CELLS - 1], 'D');
    CHECK_INT((char)cells[0], 'a');
    begin("\033[999;999Hx");
    CHECK_INT((char)cells[SCREEN_CELLS - 1], 'x');
}

static void screen_erases(void)
{
    begin("abcdef\033[3D\033[K");
    CHECK_STR(row(0), "abc");
    begin("abcdef\033[3D\033[1Kx");
    CHECK_STR(row(0), "   xef");
    begin("abcdef\033[2Kx");
    CHECK_STR(row(0), "      x");
    begin("one\ntwo\nthree\033[2;2H\033[J");
    CHECK_STR(row(0), "one");
    CHECK_STR(row(1), "t");
    CHECK_STR(row(2), "");
    begin("one\ntwo\033[2J\033[Hx");
    CHECK_STR(row(0), "x");
    CHECK_STR(row(1), "");
}

static void screen_colours(void)
{
    begin("a\033[31mb\033[1mc\033[44md\033[7me\033[0mf\033[92;40mg\033[mh");
    CHECK_INT(cells[0], 0x0700 | 'a');
    CHECK_INT(cells[1], 0x0400 | 'b');
    CHECK_INT(cells[2], 0x0c00 | 'c');
    CHECK_INT(cells[3], 0x1c00 | 'd');
    CHECK_INT(cells[4], 0x4100 | 'e');
    CHECK_INT(cells[5], 0x0700 | 'f');
    CHECK_INT(cells[6], 0x0a00 | 'g');
    CHECK_INT(cells[7], 0x0700 | 'h');
}

static void screen_unknown_sequences_vanish(void)
{
    begin("a\033[?25lb\033[1;2;3;4;5;6;7rc\033Xd\033[99999999999999De");
    CHECK_STR(row(0), "ebcd");
}

static void screen_random_bytes(void)
{
    static const char letters[] = "\033\033[[;0123456789ABCDHJKmf\n\r\b\tx";

    begin("");
    for (uint32_t i = 0; i < 1000000; i++) {
        char c = unit_random(8) == 0 ? (char)unit_random(256)
                                     : letters[unit_random(sizeof(letters) - 1)];

        screen_write(&screen, &c, 1);
        CHECK(cursor < SCREEN_CELLS);
    }
    CHECK_INT(memory[0], GUARD);
    CHECK_INT(memory[1 + SCREEN_CELLS], GUARD);
}

int main(void)
{
    UNIT_RUN(screen_text);
    UNIT_RUN(screen_wraps_late);
    UNIT_RUN(screen_scrolls);
    UNIT_RUN(screen_moves);
    UNIT_RUN(screen_erases);
    UNIT_RUN(screen_colours);
    UNIT_RUN(screen_unknown_sequences_vanish);
    UNIT_RUN(screen_random_bytes);
    return unit_done();
}
