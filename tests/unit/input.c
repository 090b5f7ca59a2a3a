/* The console's input: who gets a line, whose mode it is, and readers that die at any moment. */
#include "servers/console/input.h"

#include "abi/errors.h"
#include "servers/console/client.h"
#include "servers/console/editor.h"
#include "servers/console/foreground.h"
#include "servers/console/serial.h"
#include "servers/console/vga.h"
#include "tests/unit/unit.h"

#define SHELL    1
#define JOB      2
#define OTHER    3
#define CLIENTS  70
#define CAPACITY 64

static bool dead[CLIENTS + 1];
static int answers[CLIENTS + 1]; /* the last status, or NONE */
static char text_of[CLIENTS + 1][CONSOLE_BYTES_MAX + 1];
static envid_t foreground;     /* 0: the shell itself */
static envid_t dies_at_output; /* 0: nobody */

#define NONE 1

bool client_is_alive(envid_t client)
{
    return !dead[client];
}

bool client_answer(envid_t client, int32_t status, const char *text, uint32_t len)
{
    if (dead[client])
        return false;
    answers[client] = status;
    memcpy(text_of[client], text, len);
    text_of[client][len] = 0;
    return true;
}

uint64_t client_now_us(void)
{
    return 0;
}

bool foreground_exists(void)
{
    return foreground != 0;
}

bool foreground_may_read(envid_t client)
{
    return client == (foreground == 0 ? SHELL : foreground);
}

bool foreground_may_set_mode(envid_t client)
{
    if (foreground != 0)
        return client == foreground || client == SHELL;
    return client == SHELL || !readers_has(SHELL);
}

bool foreground_is_back(envid_t client)
{
    return client == SHELL && foreground == 0;
}

bool foreground_is_owner(envid_t client)
{
    return client == SHELL;
}

bool foreground_interrupt(void)
{
    return foreground_exists();
}

void foreground_interrupt_next(bool keep)
{
    (void)keep;
}

/* The terminal is slow: whoever is to die does so while it writes. */
void serial_write(const char *text, size_t len)
{
    (void)text;
    (void)len;
    if (dies_at_output != 0)
        dead[dies_at_output] = true;
}

void vga_write(const char *text, size_t len)
{
    (void)text;
    (void)len;
}

void vga_init(void)
{
}

static void name(envid_t client)
{
    foreground = client;
    input_foreground_changed();
}

static void begin(void)
{
    dies_at_output = 0;
    memset(dead, 0, sizeof(dead));
    for (envid_t client = 1; client <= CLIENTS; client++) {
        readers_remove(client);
        answers[client] = NONE;
        text_of[client][0] = 0;
    }
    name(0);
    input_serve();
}

static int read_by(envid_t client)
{
    struct reader reader = {.client = client, .most = 100, .deadline = READER_NO_DEADLINE};

    answers[client] = NONE;
    return input_read(&reader);
}

static void type(const char *text)
{
    for (; *text != 0; text++)
        input_byte((uint8_t)*text);
    input_serve();
}

static void input_of_a_line(void)
{
    begin();
    CHECK_INT(read_by(SHELL), 0);
    type("hal");
    CHECK_INT(answers[SHELL], NONE);
    type("f\r");
    CHECK_INT(answers[SHELL], 0);
    CHECK_STR(text_of[SHELL], "half\n");
}

/* The last reader dies while somebody else's text goes out before its empty line. */
static void input_reader_dies_while_others_write(void)
{
    begin();
    CHECK_INT(read_by(SHELL), 0);
    dies_at_output = SHELL;
    input_write_around(OTHER, "text\n", 5);
    CHECK(!readers_has(SHELL) || readers_first() == NULL);
    begin();
    CHECK_INT(read_by(SHELL), 0);
    type("on\r");
    CHECK_STR(text_of[SHELL], "on\n");
}

/* The same while a line stands there. */
static void input_reader_dies_behind_its_line(void)
{
    begin();
    CHECK_INT(read_by(SHELL), 0);
    type("half");
    dies_at_output = SHELL;
    input_write_around(OTHER, "text\n", 5);
    input_write_around(OTHER, "text\n", 5);
    begin();
    CHECK_INT(read_by(SHELL), 0);
    type("on\r");
    CHECK_STR(text_of[SHELL], "on\n");
}

static void input_background_makes_room(void)
{
    begin();
    for (envid_t client = JOB; client < JOB + CAPACITY; client++)
        CHECK_INT(read_by(client), 0);
    CHECK_INT(read_by(JOB + CAPACITY), -E_BUSY);
    CHECK_INT(read_by(SHELL), 0);
    CHECK_INT(answers[JOB + CAPACITY - 1], -E_BUSY);
    CHECK_INT(answers[JOB], NONE);
    type("mine\r");
    CHECK_STR(text_of[SHELL], "mine\n");
}

/* Nobody else changes the mode under the shell's prompt, */
static void input_mode_at_the_prompt(void)
{
    begin();
    CHECK_INT(read_by(SHELL), 0);
    CHECK_INT(input_set_mode(JOB, CONSOLE_RAW), -E_PERM);
    type("x");
    CHECK_INT(answers[SHELL], NONE);
    CHECK_INT(input_set_mode(SHELL, CONSOLE_RAW), CONSOLE_COOKED);
    type("y");
    CHECK_STR(text_of[SHELL], "y");
}

/* nor between its command and the next prompt. */
static void input_mode_before_the_prompt(void)
{
    begin();
    CHECK_INT(input_set_mode(JOB, CONSOLE_RAW), CONSOLE_COOKED);
    CHECK_INT(read_by(SHELL), 0);
    type("x");
    CHECK_INT(answers[SHELL], NONE);
    type("\r");
    CHECK_STR(text_of[SHELL], "x\n");
}

/* What a program has set before it is named stays, what others have does not; and nothing does when it ends. */
static void input_mode_of_the_foreground(void)
{
    begin();
    CHECK_INT(input_set_mode(JOB, CONSOLE_RAW), CONSOLE_COOKED);
    name(JOB);
    CHECK_INT(input_set_mode(OTHER, CONSOLE_COOKED), -E_PERM);
    CHECK_INT(read_by(JOB), 0);
    type("k");
    CHECK_STR(text_of[JOB], "k");
    name(0);
    CHECK_INT(input_set_mode(OTHER, CONSOLE_RAW), CONSOLE_COOKED);
    name(JOB);
    CHECK_INT(input_set_mode(JOB, CONSOLE_RAW), CONSOLE_COOKED);
}

int main(void)
{
    input_init();
    UNIT_RUN(input_of_a_line);
    UNIT_RUN(input_reader_dies_while_others_write);
    UNIT_RUN(input_reader_dies_behind_its_line);
    UNIT_RUN(input_background_makes_room);
    UNIT_RUN(input_mode_at_the_prompt);
    UNIT_RUN(input_mode_before_the_prompt);
    UNIT_RUN(input_mode_of_the_foreground);
    return unit_done();
}
