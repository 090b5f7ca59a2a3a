/* Input, see input.h. */
#include "servers/console/input.h"

#include <string.h>

#include "abi/errors.h"
#include "servers/console/client.h"
#include "servers/console/editor.h"
#include "servers/console/foreground.h"
#include "servers/console/keymap.h"
#include "servers/console/output.h"

#define RING_SIZE 1024u /* a power of two */
#define CTRL_C    0x03u

static struct editor editor;
static bool editing; /* the editor's line is on the terminal */
static enum console_mode mode;
static envid_t mode_setter; /* whose it is, while it is not cooked */

static struct {
    uint32_t head, tail; /* count up; bytes from head to tail are in it */
    uint8_t bytes[RING_SIZE];
} ring;

/* What is left of a line that has been edited. */
static struct {
    uint32_t at, len;
    bool end; /* the end of input, to be told to one reader */
    char text[EDITOR_LINE_MAX + 2];
} ready;

void input_init(void)
{
    editor_init(&editor, output_echo);
}

static uint32_t ring_count(void)
{
    return ring.tail - ring.head;
}

static uint8_t ring_take(void)
{
    return ring.bytes[ring.head++ % RING_SIZE];
}

bool input_has_room(void)
{
    return ring_count() <= RING_SIZE - KEYMAP_BYTES_MAX;
}

/* The reader is served. False: it was not there; the text is for the next one. */
static bool reply_first(const struct reader *reader, const char *text, uint32_t len)
{
    envid_t client = reader->client;

    readers_remove(client);
    return client_answer(client, 0, text, len);
}

static void stop_editing(void)
{
    editing = false;
    editor_clear(&editor);
}

static void start_editing(envid_t client)
{
    output_prompt(&editor, client);
    editing = true;
}

/* The line is in ready.text from now on. */
static void finish_line(void)
{
    memcpy(ready.text, editor.line, editor.len);
    ready.text[editor.len] = '\n';
    ready.at = 0;
    ready.len = editor.len + 1;
    output_line_done();
    stop_editing();
}

/* Hands bytes to the editor until there is something for a reader. Returns false: nothing yet. */
static bool edit(envid_t client)
{
    if (ready.at < ready.len || ready.end)
        return true;
    if (!editing)
        start_editing(client);
    while (ring_count() != 0) {
        enum editor_event event = editor_feed(&editor, ring_take());

        if (event == EDITOR_NONE)
            continue;
        if (event == EDITOR_LINE)
            finish_line();
        else
            stop_editing();
        ready.end = event == EDITOR_END;
        return true;
    }
    return false;
}

static bool serve_cooked(const struct reader *reader)
{
    uint32_t len;

    if (!edit(reader->client))
        return false;
    if (ready.end) {
        ready.end = !reply_first(reader, "", 0);
        return true;
    }
    len = ready.len - ready.at;
    if (len > reader->most)
        len = reader->most;
    if (reply_first(reader, ready.text + ready.at, len))
        ready.at += len;
    return true;
}

static bool serve_raw(const struct reader *reader)
{
    char text[CONSOLE_BYTES_MAX];
    uint32_t len = 0;

    while (len < reader->most && len < ring_count()) {
        text[len] = (char)ring.bytes[(ring.head + len) % RING_SIZE];
        len++;
    }
    if (len == 0)
        return false;
    if (reply_first(reader, text, len))
        ring.head += len;
    return true;
}

static void expire(void)
{
    struct reader reader;

    while (readers_take_expired(client_now_us(), &reader))
        (void)client_answer(reader.client, -E_TIMEOUT, "", 0);
}

/* Nobody waits any more, perhaps because the last reader died: the line it would have got is void. */
static void abandon_line(void)
{
    if (editing && editor.len != 0)
        editor_hide(&editor);
    stop_editing();
}

void input_serve(void)
{
    const struct reader *reader;

    while ((reader = readers_first()) != NULL) {
        if (mode == CONSOLE_COOKED ? !serve_cooked(reader) : !serve_raw(reader))
            break;
    }
    expire();
    if (editing && readers_first() == NULL)
        abandon_line();
}

static void change_mode(envid_t client, enum console_mode new_mode)
{
    if (editing && new_mode != mode)
        abandon_line();
    mode = new_mode;
    mode_setter = client;
}

int input_read(struct reader *reader)
{
    envid_t displaced;

    /* A job, or what the last command has left, may have set the mode since the shell asked for its own. */
    if (foreground_is_back(reader->client) && mode_setter != reader->client)
        change_mode(reader->client, CONSOLE_COOKED);
    reader->may = foreground_may_read(reader->client);
    if (!readers_add(reader, &displaced))
        return -E_BUSY;
    if (displaced != 0)
        (void)client_answer(displaced, -E_BUSY, "", 0);
    if (foreground_is_owner(reader->client))
        foreground_interrupt_next(false);
    input_serve();
    return 0;
}

void input_foreground_changed(void)
{
    readers_judge(foreground_may_read);
    /* A process that is named may run already, and have set the mode it wants; a job of the shell's may have, too. */
    if (mode != CONSOLE_COOKED && (!foreground_exists() || !foreground_may_set_mode(mode_setter)))
        change_mode(mode_setter, CONSOLE_COOKED);
    input_serve();
}

int input_set_mode(envid_t client, enum console_mode new_mode)
{
    enum console_mode before = mode;

    if (!foreground_may_set_mode(client))
        return -E_PERM;
    change_mode(client, new_mode);
    input_serve();
    return (int)before;
}

/* Ctrl-C: what was typed before it is void. The foreground process ends; if there is none, the shell, which
 * reads, gets an empty line. */
static void interrupt(void)
{
    ring.head = ring.tail;
    ready.at = ready.len;
    ready.end = false;
    stop_editing();
    output_echo("^C\n", 3);
    output_line_done();
    if (foreground_interrupt())
        return;
    const struct reader *reader = readers_first();
    if (reader == NULL || !foreground_is_owner(reader->client) || !reply_first(reader, "\n", 1))
        foreground_interrupt_next(true);
}

void input_byte(uint8_t byte)
{
    if (byte == CTRL_C && (mode == CONSOLE_COOKED || foreground_exists()))
        interrupt();
    else if (ring_count() < RING_SIZE)
        ring.bytes[ring.tail++ % RING_SIZE] = byte;
}

void input_write_around(envid_t client, const char *text, uint32_t len)
{
    if (editing && readers_first() == NULL)
        abandon_line();
    if (!editing || (editor.len == 0 && editor.prompt_len == 0)) { /* nothing in the way */
        output_write(client, text, len);
        const struct reader *reader = readers_first(); /* it may have died since, and be the last */
        if (editing && reader != NULL)
            output_prompt(&editor, reader->client);
        return;
    }
    editor_hide(&editor);
    output_write_between(text, len);
    editor_show(&editor);
}
