/* apps/sh/input.c: lines out of chunks, from a pipe. */
#include "apps/sh/input.h"

#include <unistd.h>

#include "unit.h"

#define SIZE 600

static struct input input;
static char line[SIZE];

/* Everything that can be read, written before the first read. */
static void begin(const char *text)
{
    int ends[2];
    ssize_t len = (ssize_t)strlen(text);

    if (input.fd > 0)
        close(input.fd);
    input = (struct input){.fd = 0};
    CHECK(pipe(ends) == 0 && write(ends[1], text, (size_t)len) == len);
    close(ends[1]);
    input.fd = ends[0];
}

static void check_line(const char *want)
{
    CHECK_INT(input_line(&input, line, sizeof(line)), INPUT_LINE);
    CHECK_STR(line, want);
}

static void check_end(void)
{
    CHECK_INT(input_line(&input, line, sizeof(line)), INPUT_END);
    CHECK_STR(line, "");
}

static void input_of_nothing(void)
{
    begin("");
    check_end();
    check_end();
}

static void input_of_lines(void)
{
    begin("a\n\nb c\n");
    check_line("a");
    check_line("");
    check_line("b c");
    check_end();
}

static void input_last_line_without_newline(void)
{
    begin("a\nb");
    check_line("a");
    check_line("b");
    check_end();
}

/* Newlines before, on and behind the end of a chunk. */
static void input_across_chunks(void)
{
    for (size_t len = INPUT_CHUNK - 2; len <= INPUT_CHUNK + 2; len++) {
        char text[SIZE];

        memset(text, 'x', len);
        strcpy(text + len, "\nend\n");
        begin(text);
        text[len] = 0;
        check_line(text);
        check_line("end");
        check_end();
    }
}

static void input_too_long(void)
{
    begin("12345678\n1234567\n12345678");
    CHECK_INT(input_line(&input, line, 8), INPUT_TOO_LONG);
    CHECK_INT(input_line(&input, line, 8), INPUT_LINE);
    CHECK_STR(line, "1234567");
    CHECK_INT(input_line(&input, line, 8), INPUT_TOO_LONG);
    check_end();
}

static void input_too_long_over_chunks(void)
{
    char text[SIZE];

    memset(text, 'x', 2 * INPUT_CHUNK);
    strcpy(text + 2 * INPUT_CHUNK, "\nend\n");
    begin(text);
    CHECK_INT(input_line(&input, line, INPUT_CHUNK), INPUT_TOO_LONG);
    check_line("end");
    check_end();
}

static void input_error(void)
{
    begin("");
    close(input.fd);
    CHECK_INT(input_line(&input, line, sizeof(line)), INPUT_ERROR);
    input.fd = 0;
}

int main(void)
{
    UNIT_RUN(input_of_nothing);
    UNIT_RUN(input_of_lines);
    UNIT_RUN(input_last_line_without_newline);
    UNIT_RUN(input_across_chunks);
    UNIT_RUN(input_too_long);
    UNIT_RUN(input_too_long_over_chunks);
    UNIT_RUN(input_error);
    return unit_done();
}
