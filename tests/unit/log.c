/* kernel/log.c: the form of a line, its bounds, levels. */
#include "kernel/log.h"

#include "arch_host.h"
#include "kernel/arch.h"
#include "unit.h"

static void log_line_form(void)
{
    host_console_clear();
    host_time_us = 1234;
    host_cpu = 3;
    log_info("hello %d", 5);
    CHECK_STR(host_console(), "[    0.001234 cpu3] hello 5\n");
    host_console_clear();
    host_time_us = 98765432101234;
    host_cpu = ARCH_CPU_UNKNOWN;
    log_warn("x");
    CHECK_STR(host_console(), "[98765432.101234 cpu?] warning: x\n");
    host_time_us = 0;
    host_cpu = 0;
}

static void log_plain_has_no_stamp(void)
{
    host_console_clear();
    log_set_level(LOG_ERROR);
    log_plain("grain: halt code %d", 0);
    CHECK_STR(host_console(), "grain: halt code 0\n");
    log_set_level(LOG_INFO);
}

static void log_levels_filter(void)
{
    host_console_clear();
    log_debug("no");
    log_set_level(LOG_ERROR);
    log_warn("no");
    CHECK_STR(host_console(), "");
    log_error("yes");
    CHECK_STR(host_console(), "[    0.000000 cpu0] error: yes\n");
    host_console_clear();
    log_set_level(LOG_DEBUG);
    log_debug("yes");
    CHECK_STR(host_console(), "[    0.000000 cpu0] yes\n");
    log_set_level(LOG_INFO);
}

static void log_long_line_is_cut(void)
{
    char text[2 * LOG_LINE_MAX];

    for (size_t len = LOG_LINE_MAX - 40; len < sizeof(text); len++) {
        memset(text, 'x', sizeof(text));
        text[len] = 0;
        host_console_clear();
        log_info("%s", text);
        size_t got = strlen(host_console());
        CHECK(got <= LOG_LINE_MAX);
        CHECK(host_console()[got - 1] == '\n');
        CHECK(strchr(host_console(), '\n') == host_console() + got - 1);
        if (len == sizeof(text) - 1)
            break;
    }
}

#define TEXT "abcde\n"

/* Writer 1's text is out up to its third byte, and there is room again. */
static void begin_text(uint32_t *done)
{
    *done = 0;
    host_console_clear();
    host_console_room = 3;
    CHECK_INT(log_some(1, TEXT, 6, done), LOG_BUSY);
    CHECK_INT(*done, 3);
}

/* How often a writer of "x" or "y" was refused. */
static uint32_t ask_for_room(uint32_t writer, const char *text, uint32_t *done)
{
    uint32_t refused = 0;

    while (log_some(writer, text, 2, done) == LOG_OTHERS && refused < 100000)
        refused++;
    return refused;
}

static void log_some_waits_for_room(void)
{
    uint32_t done;

    begin_text(&done);
    CHECK_INT(log_some(1, TEXT, 6, &done), LOG_BUSY);
    host_console_room = SIZE_MAX;
    CHECK_INT(log_some(1, TEXT, 6, &done), LOG_DONE);
    CHECK_INT(done, 6);
    CHECK_STR(host_console(), TEXT);
}

static void log_some_keeps_others_out(void)
{
    uint32_t done;
    uint32_t others = 0;

    begin_text(&done);
    host_console_room = SIZE_MAX;
    CHECK_INT(log_some(2, "x\n", 2, &others), LOG_OTHERS);
    log_plain("kernel");
    CHECK_INT(log_some(1, TEXT, 6, &done), LOG_DONE);
    CHECK_INT(log_some(2, "x\n", 2, &others), LOG_DONE);
    CHECK_STR(host_console(), "abc\nkernel\nde\nx\n");
}

/* Its writer may be dead, or never get to run because of who waits. */
static void log_some_gives_up_on_a_text(void)
{
    uint32_t done;
    uint32_t others = 0;

    begin_text(&done);
    host_console_room = SIZE_MAX;
    CHECK(ask_for_room(2, "x\n", &others) < 100000);
    CHECK_STR(host_console(), "abcx\n");
}

/* The one that came next got nothing out, and died too. */
static void log_some_gives_up_again(void)
{
    uint32_t done;
    uint32_t others = 0;
    uint32_t third = 0;

    begin_text(&done);
    CHECK(ask_for_room(2, "x\n", &others) < 100000);
    CHECK_INT(others, 0);
    host_console_room = SIZE_MAX;
    uint32_t refused = ask_for_room(3, "y\n", &third);
    CHECK(refused > 0);
    CHECK(refused < 100000);
    CHECK_STR(host_console(), "abcy\n");
}

static void log_works_when_broken(void)
{
    log_break();
    host_console_clear();
    log_plain("still here");
    CHECK_STR(host_console(), "still here\n");
}

int main(void)
{
    UNIT_RUN(log_line_form);
    UNIT_RUN(log_plain_has_no_stamp);
    UNIT_RUN(log_levels_filter);
    UNIT_RUN(log_long_line_is_cut);
    UNIT_RUN(log_some_waits_for_room);
    UNIT_RUN(log_some_keeps_others_out);
    UNIT_RUN(log_some_gives_up_on_a_text);
    UNIT_RUN(log_some_gives_up_again);
    UNIT_RUN(log_works_when_broken);
    return unit_done();
}
