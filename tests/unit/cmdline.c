/* kernel/cmdline.c: every word, bad values, unknown words. */
#include "kernel/cmdline.h"

#include "arch_host.h"
#include "unit.h"

static struct boot_options options;

/* Parses and returns what was logged. */
static const char *parse(const char *line)
{
    host_console_clear();
    cmdline_parse(line, &options);
    return host_console();
}

static void cmdline_defaults(void)
{
    CHECK_STR(parse(""), "");
    CHECK(options.log == LOG_INFO && options.panic == PANIC_EXIT && !options.jos);
    CHECK(options.max_cpus >= 32);
    CHECK_STR(parse("     "), "");
}

static void cmdline_words(void)
{
    CHECK_STR(parse("log=debug cpus=4  jos panic=halt "), "");
    CHECK(options.log == LOG_DEBUG && options.panic == PANIC_HALT && options.jos);
    CHECK_INT(options.max_cpus, 4);
    CHECK_STR(parse("panic=halt panic=exit log=error"), "");
    CHECK(options.log == LOG_ERROR && options.panic == PANIC_EXIT && !options.jos);
}

static void cmdline_bad_values_are_named(void)
{
    static const char *const bad[] = {"cpus=", "cpus=0",   "cpus=x", "cpus=99999999999",
                                      "log=",  "log=loud", "panic=", "panic=now"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(strstr(parse(bad[i]), bad[i]) != NULL);
        CHECK(options.log == LOG_INFO && options.panic == PANIC_EXIT);
        CHECK(options.max_cpus >= 32);
    }
}

static void cmdline_unknown_words_are_named(void)
{
    static const char *const unknown[] = {"foo", "jos=1", "log", "cpusx=1", "cpu=2", "=", "x=y"};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CHECK(strstr(parse(unknown[i]), "unknown word") != NULL);
        CHECK(strstr(host_console(), unknown[i]) != NULL);
        CHECK(!options.jos);
    }
}

static void cmdline_goes_on_after_unknown(void)
{
    CHECK(strstr(parse("what cpus=7"), "what") != NULL);
    CHECK_INT(options.max_cpus, 7);
}

static void cmdline_dashes_end_it(void)
{
    CHECK_STR(parse("cpus=2 -- cpus=3 anything"), "");
    CHECK_INT(options.max_cpus, 2);
}

static void cmdline_long_word(void)
{
    char line[600];

    memset(line, 'a', sizeof(line));
    memcpy(line + sizeof(line) - 8, " cpus=5", 8);
    CHECK(strstr(parse(line), "unknown word 'aaaa") != NULL);
    CHECK_INT(options.max_cpus, 5);
}

static void cmdline_random_text(void)
{
    static const char letters[] = "logcpusjspanic=0123456789 -haltexit\t\x80";
    char line[80];

    for (int run = 0; run < 20000; run++) {
        size_t len = unit_random(sizeof(line));
        for (size_t i = 0; i < len; i++)
            line[i] = letters[unit_random(sizeof(letters) - 1)];
        line[len] = 0;
        parse(line);
        CHECK(options.max_cpus >= 1 && options.log < LOG_LEVELS);
    }
}

int main(void)
{
    UNIT_RUN(cmdline_defaults);
    UNIT_RUN(cmdline_words);
    UNIT_RUN(cmdline_bad_values_are_named);
    UNIT_RUN(cmdline_unknown_words_are_named);
    UNIT_RUN(cmdline_goes_on_after_unknown);
    UNIT_RUN(cmdline_dashes_end_it);
    UNIT_RUN(cmdline_long_word);
    UNIT_RUN(cmdline_random_text);
    return unit_done();
}
