/* Formatted output. There are no streams: standard output is the kernel's console.
 *
 * Output is kept per env, in its UTCB, until a line is complete, and written in one system call:
 * lines of several envs do not mix, if they are at most UTCB_OUT_SIZE bytes long. What is left is
 * written when the env ends by exit() or thread_exit(), or by stdout_flush().
 *
 * Conversions: %d %i %u %o %x %X %p %s %c %%; sizes hh, h, l, ll, z; flags '-', '0', '+', ' ', '#';
 * width and precision, both also '*'. No floating point.
 */
#ifndef GRAIN_LIB_STDIO_H
#define GRAIN_LIB_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)

/* All return the number of characters that the whole text has. */
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
int puts(const char *s);
int putchar(int c);

/* Write at most size bytes, the last of them 0 (nothing if size is 0). */
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Adds len bytes to the output: what the functions above end in. */
void stdout_write(const char *text, size_t len);

/* Writes an incomplete line. */
void stdout_flush(void);

#endif
