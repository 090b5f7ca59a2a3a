/* The text screen, see screen.h. Sequences: ECMA-48. Cells: IBM VGA, text mode 3. */
#include "servers/console/screen.h"

#define COLOURS_PLAIN 0x07u /* light grey on black */
#define COLOUR_BRIGHT 0x08u
#define FOREGROUND    0x07u
#define TAB           8u

/* ANSI has red, green, blue in bits 0 to 2; the VGA the other way round. */
static uint8_t vga_colour(uint32_t ansi)
{
    static const uint8_t colours[] = {0, 4, 2, 6, 1, 5, 3, 7};

    return colours[ansi & 7];
}

static uint16_t blank(const struct screen *screen)
{
    return (uint16_t)(screen->colours << 8 | ' ');
}

static void erase(struct screen *screen, uint32_t from, uint32_t to)
{
    for (; from < to; from++)
        screen->cells[from] = blank(screen);
}

/* Where the cursor is: in the last column also when a character has just been put there. */
static uint32_t cursor(const struct screen *screen)
{
    uint32_t column = screen->column < SCREEN_COLUMNS ? screen->column : SCREEN_COLUMNS - 1;

    return screen->row * SCREEN_COLUMNS + column;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through the struct */
void screen_init(struct screen *screen, volatile uint16_t *cells, void (*set_cursor)(uint32_t))
{
    *screen = (struct screen){.cells = cells, .set_cursor = set_cursor, .colours = COLOURS_PLAIN};
    erase(screen, 0, SCREEN_CELLS);
    if (set_cursor != NULL)
        set_cursor(0);
}

static void next_row(struct screen *screen)
{
    if (screen->row + 1 < SCREEN_ROWS) {
        screen->row++;
        return;
    }
    for (uint32_t i = 0; i < SCREEN_CELLS - SCREEN_COLUMNS; i++)
        screen->cells[i] = screen->cells[i + SCREEN_COLUMNS];
    erase(screen, SCREEN_CELLS - SCREEN_COLUMNS, SCREEN_CELLS);
}

static void put(struct screen *screen, uint8_t c)
{
    if (screen->column == SCREEN_COLUMNS) {
        screen->column = 0;
        next_row(screen);
    }
    screen->cells[cursor(screen)] = (uint16_t)(screen->colours << 8 | c);
    screen->column++;
}

static void control(struct screen *screen, char c)
{
    switch (c) {
    case '\n':
        screen->column = 0;
        next_row(screen);
        break;
    case '\r':
        screen->column = 0;
        break;
    case '\b':
        if (screen->column != 0)
            screen->column--;
        break;
    case '\t':
        do
            put(screen, ' ');
        while (screen->column % TAB != 0);
        break;
    case '\033':
        screen->escape = SCREEN_ESCAPE;
        break;
    }
}

/* Parameter `index`, or if it was left out or 0, `otherwise`. */
static uint32_t parameter(const struct screen *screen, uint32_t index, uint32_t otherwise)
{
    return screen->parameters[index] != 0 ? screen->parameters[index] : otherwise;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static void erase_screen(struct screen *screen)
{
    switch (screen->parameters[0]) {
    case 0:
        erase(screen, cursor(screen), SCREEN_CELLS);
        break;
    case 1:
        erase(screen, 0, cursor(screen) + 1);
        break;
    case 2:
        erase(screen, 0, SCREEN_CELLS);
        break;
    }
}

static void erase_row(struct screen *screen)
{
    uint32_t start = screen->row * SCREEN_COLUMNS;

    switch (screen->parameters[0]) {
    case 0:
        erase(screen, cursor(screen), start + SCREEN_COLUMNS);
        break;
    case 1:
        erase(screen, start, cursor(screen) + 1);
        break;
    case 2:
        erase(screen, start, start + SCREEN_COLUMNS);
        break;
    }
}

static void set_colour(struct screen *screen, uint32_t value)
{
    if (value == 0 || value == 39 || value == 49)
        screen->colours = COLOURS_PLAIN;
    else if (value == 1)
        screen->colours |= COLOUR_BRIGHT;
    else if (value == 7)
        screen->colours = (uint8_t)((screen->colours & FOREGROUND) << 4 | screen->colours >> 4);
    else if (value >= 30 && value <= 37)
        screen->colours = (uint8_t)((screen->colours & ~FOREGROUND) | vga_colour(value - 30));
    else if (value >= 40 && value <= 47)
        screen->colours = (uint8_t)((screen->colours & 0x0f) | vga_colour(value - 40) << 4);
    else if (value >= 90 && value <= 97)
        screen->colours =
            (uint8_t)((screen->colours & 0xf0) | COLOUR_BRIGHT | vga_colour(value - 90));
}

static void move(struct screen *screen, char command)
{
    uint32_t by = parameter(screen, 0, 1);
    uint32_t column = at_most(screen->column, SCREEN_COLUMNS - 1);

    if (command == 'A')
        screen->row -= at_most(by, screen->row);
    else if (command == 'B')
        screen->row += at_most(by, SCREEN_ROWS - 1 - screen->row);
    else if (command == 'C')
        column += at_most(by, SCREEN_COLUMNS - 1 - column);
    else
        column -= at_most(by, column);
    screen->column = column;
}

static void command(struct screen *screen, char c)
{
    switch (c) {
    case 'A':
    case 'B':
    case 'C':
    case 'D':
        move(screen, c);
        break;
    case 'H':
    case 'f':
        screen->row = at_most(parameter(screen, 0, 1), SCREEN_ROWS) - 1;
        screen->column = at_most(parameter(screen, 1, 1), SCREEN_COLUMNS) - 1;
        break;
    case 'J':
        erase_screen(screen);
        break;
    case 'K':
        erase_row(screen);
        break;
    case 'm':
        for (uint32_t i = 0; i <= screen->parameter; i++)
            set_colour(screen, screen->parameters[i]);
        break;
    }
}

static void begin_parameters(struct screen *screen)
{
    for (uint32_t i = 0; i < SCREEN_PARAMETERS; i++)
        screen->parameters[i] = 0;
    screen->parameter = 0;
    screen->escape = SCREEN_CSI;
}

/* ESC [, then parameters and intermediate bytes from 0x20 to 0x3f, then a final byte. */
static void escape(struct screen *screen, char c)
{
    uint32_t *value = &screen->parameters[screen->parameter];

    if (screen->escape == SCREEN_ESCAPE) {
        screen->escape = SCREEN_GROUND;
        if (c == '[')
            begin_parameters(screen);
        return;
    }
    if (c >= '0' && c <= '9') {
        *value = at_most(*value * 10 + (uint32_t)(c - '0'), 9999);
    } else if (c == ';') {
        if (screen->parameter + 1 < SCREEN_PARAMETERS)
            screen->parameter++;
    } else if (c < ' ' || c > '?') {
        screen->escape = SCREEN_GROUND;
        command(screen, c);
    }
}

void screen_write(struct screen *screen, const char *text, size_t len)
{
    for (; len != 0; len--, text++) {
        if (screen->escape != SCREEN_GROUND)
            escape(screen, *text);
        else if ((uint8_t)*text < ' ')
            control(screen, *text);
        else
            put(screen, (uint8_t)*text);
    }
    if (screen->set_cursor != NULL)
        screen->set_cursor(cursor(screen));
}
