/* The kernel's log: one call, one whole line on the console.
 *
 * Entry points: log_error, log_warn, log_info, log_debug; log_plain for a line without time stamp
 * and regardless of the level; log_set_level; log_break for a panic. A line looks like
 *     [    0.001234 cpu0] text
 * and is cut at LOG_LINE_MAX bytes. It is formatted before log_lock is taken, so the lock is held
 * for the output alone. log_lock is a leaf: any other lock may be held, nothing is taken under it.
 * The kernel's lines are rare and wait for the UART, programs' text (log_some) never does.
 */
#ifndef GRAIN_KERNEL_LOG_H
#define GRAIN_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"

#define LOG_LINE_MAX 256

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_plain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The bytes as they are, together. */
void log_raw(const char *text, size_t len);

enum log_result {
    LOG_DONE,
    LOG_BUSY,  /* the console takes no more at the moment */
    LOG_OTHERS /* somebody else's text is out in part */
};

/* A program's text, of which *done bytes are out: more of it, as far as that needs no waiting. `writer`, not
 * 0, says whose it is: another's does not come in between, unless this one makes no progress at all. */
enum log_result log_some(uint32_t writer, const char *text, size_t len, uint32_t *done) MUST_CHECK;

/* Lines above this level are dropped; LOG_INFO at the start. */
void log_set_level(enum log_level level);

/* Returns false and leaves *level alone if name is no level's. */
bool log_level_from_name(const char *name, enum log_level *level);

/* From now on nobody waits for log_lock longer than a moment: its holder may be stopped, or be the
 * very CPU that panics. */
void log_break(void);

#endif
