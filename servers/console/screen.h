/* The text screen of a VGA: 80 by 25 cells in memory, and on them a small VT100. It understands BS, CR,
 * LF, HT, and of ESC [ ...: A B C D (move), H f (go to), J K (erase), m (colours, bold). No system call in
 * here but for what `set_cursor` does. */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREEN_COLUMNS    80u
#define SCREEN_ROWS       25u
#define SCREEN_CELLS      (SCREEN_COLUMNS * SCREEN_ROWS)
#define SCREEN_PARAMETERS 4u

enum screen_escape { SCREEN_GROUND, SCREEN_ESCAPE, SCREEN_CSI };

struct screen {
    volatile uint16_t *cells;          /* character in the low byte, colours in the high one */
    void (*set_cursor)(uint32_t cell); /* may be NULL */
    uint32_t row, column;              /* column SCREEN_COLUMNS: the next character begins a row */
    uint8_t colours;

    enum screen_escape escape;
    uint32_t parameters[SCREEN_PARAMETERS];
    uint32_t parameter; /* index of the last one begun */
};

/* Clears the screen. */
void screen_init(struct screen *screen, volatile uint16_t *cells, void (*set_cursor)(uint32_t));

void screen_write(struct screen *screen, const char *text, size_t len);

#endif
