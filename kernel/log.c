/* The kernel's log, see log.h. */
#include "kernel/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include "kernel/arch.h"
#include "kernel/div.h"
#include "kernel/format.h"
#include "kernel/rawspin.h"
#include "kernel/string.h"

/* Looks at a taken lock after which a panicking machine goes on without it: well above the time of
 * one line on a 115200 baud UART. */
#define BROKEN_LOCK_LOOKS 1000000u

#define LOG_LOOKS    100u  /* at the lock, of a program's text */
#define LOG_REFUSALS 1000u /* then a text that makes no progress is interrupted */

static const struct {
    const char *name;
    const char *prefix; /* of the text, so that a log can be searched for it */
} levels[LOG_LEVELS] = {
    [LOG_ERROR] = {"error", "error: "},
    [LOG_WARN] = {"warn", "warning: "},
    [LOG_INFO] = {"info", ""},
    [LOG_DEBUG] = {"debug", ""},
};

static struct rawspin log_lock;
static uint32_t log_writer;  /* whose text is out in part, 0: nobody's; log_lock */
static uint32_t log_refused; /* others, since that one got on; log_lock */
static atomic_bool log_broken;
static _Atomic(enum log_level) log_threshold = LOG_INFO;

/* Returns whether the lock is held; the line is written in either case. */
static bool log_lock_take(void)
{
    if (!atomic_load_explicit(&log_broken, memory_order_relaxed)) {
        /* In slices, to notice a panic elsewhere that came while this CPU waits. */
        while (!rawspin_lock_bounded(&log_lock, BROKEN_LOCK_LOOKS)) {
            if (atomic_load_explicit(&log_broken, memory_order_relaxed))
                return false;
        }
        return true;
    }
    return rawspin_lock_bounded(&log_lock, BROKEN_LOCK_LOOKS);
}

void log_raw(const char *text, size_t len)
{
    bool locked = log_lock_take();

    if (log_writer != 0) /* its rest comes on a line of its own */
        arch_console_write("\n", 1);
    arch_console_write(text, len);
    if (locked)
        rawspin_unlock(&log_lock);
}

enum log_result log_some(uint32_t writer, const char *text, size_t len, uint32_t *done)
{
    enum log_result result = LOG_OTHERS;

    if (!rawspin_lock_bounded(&log_lock, LOG_LOOKS))
        return LOG_OTHERS;
    if (log_writer == 0 || log_writer == writer || ++log_refused >= LOG_REFUSALS) {
        uint32_t more = (uint32_t)arch_console_try(text + *done, len - *done);

        if (more != 0 || log_writer != writer)
            log_refused = 0;
        *done += more;
        log_writer = *done < len ? writer : 0;
        result = *done < len ? LOG_BUSY : LOG_DONE;
    }
    rawspin_unlock(&log_lock);
    return result;
}

/* Ends the line that format_text left in the buffer, cut if it was too long, and writes it. */
static void log_emit(char *line, size_t len)
{
    if (len > LOG_LINE_MAX - 2)
        len = LOG_LINE_MAX - 2;
    line[len++] = '\n';
    log_raw(line, len);
}

static size_t log_stamp(char *line, size_t size)
{
    uint32_t index = arch_cpu_index();
    uint64_t seconds = arch_time_us();
    uint32_t us = div_u64_u32(&seconds, 1000000);

    if (index == ARCH_CPU_UNKNOWN)
        return format_text(line, size, "[%5llu.%06u cpu?] ", (unsigned long long)seconds, us);
    return format_text(line, size, "[%5llu.%06u cpu%u] ", (unsigned long long)seconds, us, index);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if (level > atomic_load_explicit(&log_threshold, memory_order_relaxed))
        return;
    size_t len = log_stamp(line, sizeof(line));
    len += strlcpy(line + len, levels[level].prefix, sizeof(line) - len);
    va_start(args, fmt);
    len += format_text_va(line + len, sizeof(line) - len, fmt, args);
    va_end(args);
    log_emit(line, len);
}

void log_plain(const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    size_t len = format_text_va(line, sizeof(line), fmt, args);
    va_end(args);
    log_emit(line, len);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_threshold, level, memory_order_relaxed);
}

bool log_level_from_name(const char *name, enum log_level *level)
{
    for (unsigned int i = 0; i < LOG_LEVELS; i++) {
        if (strcmp(levels[i].name, name) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_break(void)
{
    atomic_store_explicit(&log_broken, true, memory_order_relaxed);
}
