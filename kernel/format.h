/* Text formatting for the log and for panics, for the printf of the user library, and for the
 * host's unit tests of it.
 *
 * Conversions: %d %i %u %o %x %X %p %s %c %%, with the sizes h, hh, l, ll and z, the flags '-',
 * '0', '+', ' ' and '#', a width and a precision, both also '*'. Anything else is copied to the
 * output as it stands, which is easier to notice than an argument taken wrongly.
 */
#ifndef GRAIN_KERNEL_FORMAT_H
#define GRAIN_KERNEL_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Both write at most size bytes, the last of them 0 (nothing if size is 0), and return the length
 * that the whole text has: it was cut when that is not below size. */
size_t format_text(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_text_va(char *buf, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Where text goes, piece by piece. */
struct format_sink {
    void (*write)(struct format_sink *sink, const char *text, size_t len);
    const char *(*error_text)(int error); /* what %e prints; NULL: %e is no conversion */
};

/* Writes to a sink; returns the length of the text. */
size_t format_stream(struct format_sink *sink, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
