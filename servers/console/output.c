/* Output, see output.h. */
#include "servers/console/output.h"

#include <stdbool.h>

#include "servers/console/serial.h"
#include "servers/console/vga.h"

/* The line that nobody has ended, and the last one that another client has broken off: its client may be about to
 * read. `bytes` and `columns` count on where text[] is full. */
static struct line {
    envid_t client;
    uint32_t bytes;
    uint32_t columns;
    bool in_escape;
    char text[EDITOR_PROMPT_MAX];
} unfinished, broken;

void output_init(void)
{
    vga_init();
}

void output_echo(const char *text, size_t len)
{
    serial_write(text, len);
    vga_write(text, len);
}

void output_line_done(void)
{
    unfinished.bytes = 0;
    unfinished.columns = 0;
    unfinished.in_escape = false;
}

/* Escape sequences take no column: ESC up to the next letter. */
static uint32_t columns_of(char c)
{
    if (unfinished.in_escape) {
        unfinished.in_escape = c < '@' || c > '~' || c == '[';
        return 0;
    }
    unfinished.in_escape = c == '\033';
    return (unsigned char)c >= ' ' ? 1 : 0;
}

static void keep(const char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            output_line_done();
            continue;
        }
        if (unfinished.bytes < sizeof(unfinished.text))
            unfinished.text[unfinished.bytes] = text[i];
        unfinished.bytes++;
        unfinished.columns += columns_of(text[i]);
    }
}

void output_write(envid_t client, const char *text, uint32_t len)
{
    if (unfinished.bytes != 0 && unfinished.client != client) {
        output_echo("\n", 1);
        broken = unfinished;
        output_line_done();
    } else if (broken.client == client) {
        broken.bytes = 0; /* it has gone on itself */
    }
    output_echo(text, len);
    unfinished.client = client;
    keep(text, len);
}

void output_write_between(const char *text, uint32_t len)
{
    output_echo(text, len);
    if (len != 0 && text[len - 1] != '\n')
        output_echo("\n", 1);
}

static void mend(void)
{
    if (unfinished.bytes != 0)
        output_echo("\n", 1);
    unfinished = broken;
    broken.bytes = 0;
    output_echo(unfinished.text, unfinished.bytes);
}

void output_prompt(struct editor *editor, envid_t reader)
{
    if (broken.bytes != 0 && broken.bytes <= EDITOR_PROMPT_MAX && broken.client == reader)
        mend();
    if (unfinished.bytes > EDITOR_PROMPT_MAX || unfinished.columns > EDITOR_COLUMNS / 2) {
        output_echo("\n", 1);
        output_line_done();
    }
    editor_set_prompt(editor, unfinished.text, unfinished.bytes, unfinished.columns);
}
