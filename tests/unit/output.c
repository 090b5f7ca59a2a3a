/* The console's output: whose line is unfinished, what becomes the prompt, and what is written again. */
#include "servers/console/output.h"

#include "servers/console/serial.h"
#include "servers/console/vga.h"
#include "tests/unit/unit.h"

#define SHELL 1
#define JOB   2
#define OTHER 3

static char written[1000];
static size_t used;
static struct editor editor;

void serial_write(const char *text, size_t len)
{
    if (len >= sizeof(written) - used)
        len = sizeof(written) - used - 1;
    memcpy(written + used, text, len);
    used += len;
    written[used] = 0;
}

void vga_write(const char *text, size_t len)
{
    (void)text;
    (void)len;
}

void vga_init(void)
{
}

/* Nobody's line is unfinished or broken off. */
static void begin(void)
{
    for (envid_t client = SHELL; client <= OTHER; client++)
        output_write(client, "\n", 1);
    editor_init(&editor, output_echo);
    used = 0;
    written[0] = 0;
}

static void say(envid_t client, const char *text)
{
    output_write(client, text, (uint32_t)strlen(text));
}

static void check_prompt(envid_t reader, const char *prompt)
{
    char text[EDITOR_PROMPT_MAX + 1] = "";

    output_prompt(&editor, reader);
    memcpy(text, editor.prompt, editor.prompt_len);
    CHECK_STR(text, prompt);
}

static void output_lines(void)
{
    begin();
    say(SHELL, "one\n");
    say(JOB, "two\n");
    CHECK_STR(written, "one\ntwo\n");
    check_prompt(SHELL, "");
}

static void output_begins_a_new_line_for_another(void)
{
    begin();
    say(SHELL, "one ");
    say(SHELL, "line, ");
    say(JOB, "two\n");
    say(SHELL, "three\n");
    CHECK_STR(written, "one line, \ntwo\nthree\n");
}

static void output_prompt_is_the_unfinished_line(void)
{
    begin();
    say(SHELL, "text\n$ ");
    check_prompt(SHELL, "$ ");
    CHECK_INT(editor.prompt_columns, 2);
    CHECK_STR(written, "text\n$ ");
}

static void output_prompt_without_escapes_in_its_width(void)
{
    begin();
    say(SHELL, "\033[1mab\033[0m ");
    check_prompt(SHELL, "\033[1mab\033[0m ");
    CHECK_INT(editor.prompt_columns, 3);
}

/* Between the prompt and the read. */
static void output_prompt_comes_again(void)
{
    begin();
    say(SHELL, "$ ");
    say(JOB, "done\n");
    check_prompt(SHELL, "$ ");
    CHECK_STR(written, "$ \ndone\n$ ");
    check_prompt(SHELL, "$ ");
    CHECK_STR(written, "$ \ndone\n$ ");
}

static void output_prompt_comes_again_below_a_part(void)
{
    begin();
    say(SHELL, "$ ");
    say(JOB, "half");
    check_prompt(SHELL, "$ ");
    CHECK_STR(written, "$ \nhalf\n$ ");
    say(JOB, "whole\n");
    CHECK_STR(written, "$ \nhalf\n$ \nwhole\n");
    check_prompt(SHELL, "$ ");
}

static void output_prompt_of_another_does_not(void)
{
    begin();
    say(SHELL, "$ ");
    say(JOB, "done\n");
    check_prompt(OTHER, "");
    CHECK_STR(written, "$ \ndone\n");
}

static void output_prompt_is_given_up(void)
{
    begin();
    say(SHELL, "$ ");
    say(JOB, "done\n");
    say(SHELL, "on\n");
    check_prompt(SHELL, "");
    CHECK_STR(written, "$ \ndone\non\n");
}

static void output_too_long_for_a_prompt(void)
{
    char text[EDITOR_PROMPT_MAX + 2];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    begin();
    say(SHELL, text);
    check_prompt(SHELL, "");
    CHECK_INT(written[used - 1], '\n');
    say(SHELL, text);
    say(JOB, "\n");
    used = 0;
    check_prompt(SHELL, "");
    CHECK_INT(used, 0);
}

static void output_between_ends_what_it_writes(void)
{
    begin();
    say(SHELL, "$ ");
    output_write_between("half", 4);
    output_write_between("whole\n", 6);
    output_write_between("", 0);
    CHECK_STR(written, "$ half\nwhole\n");
    check_prompt(SHELL, "$ ");
}

int main(void)
{
    UNIT_RUN(output_lines);
    UNIT_RUN(output_begins_a_new_line_for_another);
    UNIT_RUN(output_prompt_is_the_unfinished_line);
    UNIT_RUN(output_prompt_without_escapes_in_its_width);
    UNIT_RUN(output_prompt_comes_again);
    UNIT_RUN(output_prompt_comes_again_below_a_part);
    UNIT_RUN(output_prompt_of_another_does_not);
    UNIT_RUN(output_prompt_is_given_up);
    UNIT_RUN(output_too_long_for_a_prompt);
    UNIT_RUN(output_between_ends_what_it_writes);
    return unit_done();
}
