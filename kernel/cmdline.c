/* The kernel's command line, see cmdline.h. */
#include "kernel/cmdline.h"

#include <stddef.h>

#include "kernel/check/check.h"
#include "kernel/check/inject.h"
#include "kernel/ktest.h"
#include "kernel/lock/delays.h"
#include "kernel/lock/watchdog.h"
#include "kernel/races/races.h"
#include "kernel/string.h"

#define WORD_MAX 64 /* with the final 0; no word that is known comes near */

static bool set_log(struct boot_options *options, const char *value)
{
    return log_level_from_name(value, &options->log);
}

bool cmdline_number(const char *text, uint32_t *out)
{
    uint32_t number = 0;

    if (*text == 0)
        return false;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9' || number > 99999)
            return false;
        number = number * 10 + (uint32_t)(*text - '0');
    }
    *out = number;
    return true;
}

static bool set_cpus(struct boot_options *options, const char *value)
{
    uint32_t count;

    if (!cmdline_number(value, &count) || count == 0)
        return false;
    options->max_cpus = count;
    return true;
}

/* A number, or the one word that sets a flag. */
static bool read_number_or(const char *word, const char *value, bool *flag, uint32_t *number)
{
    if (strcmp(value, word) != 0)
        return cmdline_number(value, number);
    *flag = true;
    return true;
}

static bool set_spin(struct boot_options *options, const char *value)
{
    return read_number_or("panic", value, &options->spin_panics, &options->spin_ms);
}

#ifdef GRAIN_RACES
static bool set_races(struct boot_options *options, const char *value)
{
    return read_number_or("report", value, &options->races_go_on, &options->races_every);
}
#endif

#ifdef GRAIN_SCHEDULES
static bool set_delays(struct boot_options *options, const char *value)
{
    uint32_t seed;

    (void)options;
    if (!cmdline_number(value, &seed))
        return false;
    delays_set_seed(seed);
    return true;
}

static bool set_phase(struct boot_options *options, const char *value)
{
    (void)options;
    return delays_set_phases(value);
}
#endif

static bool set_panic(struct boot_options *options, const char *value)
{
    if (strcmp(value, "exit") == 0)
        options->panic = PANIC_EXIT;
    else if (strcmp(value, "halt") == 0)
        options->panic = PANIC_HALT;
    else
        return false;
    return true;
}

static bool set_jos(struct boot_options *options, const char *value)
{
    (void)value;
    options->jos = true;
    return true;
}

#if GRAIN_KTEST
static bool set_ktest(struct boot_options *options, const char *value)
{
    (void)options;
    return ktest_select(value);
}

static bool set_check(struct boot_options *options, const char *value)
{
    (void)options;
    if (strcmp(value, "panic") != 0)
        return false;
    check_set_panic(true);
    return true;
}

static bool set_inject(struct boot_options *options, const char *value)
{
    (void)options;
    return inject_parse(value);
}
#endif

static const struct {
    const char *name;
    bool takes_value;
    bool (*set)(struct boot_options *options, const char *value); /* false: bad value */
} words[] = {
    {"log", true, set_log},       {"cpus", true, set_cpus},   {"panic", true, set_panic},
    {"jos", false, set_jos},      {"spin", true, set_spin},
#ifdef GRAIN_RACES
    {"races", true, set_races},
#endif
#ifdef GRAIN_SCHEDULES
    {"delays", true, set_delays}, {"phase", true, set_phase},
#endif
#if GRAIN_KTEST
    {"ktest", true, set_ktest},   {"check", true, set_check}, {"inject", true, set_inject},
#endif
};

/* Length of the name of a table entry if the word is that entry, else 0. */
static size_t match_word(const char *word, const char *name, bool takes_value)
{
    size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == (takes_value ? '=' : 0) ? len : 0;
}

static void parse_word(const char *word, struct boot_options *out)
{
    if (strncmp(word, "init.", 5) == 0)
        return; /* for the first program */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = match_word(word, words[i].name, words[i].takes_value);
        if (len == 0)
            continue;
        if (!words[i].set(out, word + len + (words[i].takes_value ? 1 : 0)))
            log_warn("command line: bad value in '%s', ignored", word);
        return;
    }
    log_warn("command line: unknown word '%s', ignored", word);
}

void cmdline_parse(const char *line, struct boot_options *out)
{
    *out = (struct boot_options){.log = LOG_INFO,
                                 .max_cpus = UINT32_MAX,
                                 .panic = PANIC_EXIT,
                                 .spin_ms = WATCHDOG_DEFAULT_MS,
                                 .races_every = RACES_DEFAULT_EVERY};
    for (;;) {
        char word[WORD_MAX];
        size_t len = 0;

        while (*line == ' ')
            line++;
        if (*line == 0)
            return;
        for (; *line != 0 && *line != ' '; line++, len++) {
            if (len < WORD_MAX - 1)
                word[len] = *line;
        }
        word[len < WORD_MAX ? len : WORD_MAX - 1] = 0;
        if (strcmp(word, "--") == 0)
            return;
        parse_word(word, out);
    }
}
