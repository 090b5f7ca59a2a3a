/* Formatted output and line input. There are three streams: standard input, output and error. In a
 * system with a console they are that; in a program that init started bare, output goes to the
 * kernel's console and input is at its end.
 *
 * Output is kept per env, in its UTCB, until a line is complete, and written in one piece: lines of
 * several envs do not mix, if they are at most CONSOLE_BYTES_MAX bytes long (abi/console.h; bare:
 * UTCB_OUT_SIZE). What is left is written when the env ends by exit() or thread_exit(), before it reads
 * from standard input, or by fflush(). Standard error shares that buffer, and does not keep an
 * incomplete line. Output overwrites utcb()->words and buf.
 *
 * Input belongs to one env of the address space at a time.
 *
 * Conversions: %d %i %u %o %x %X %p %s %c %%; sizes hh, h, l, ll, z; flags '-', '0', '+', ' ', '#';
 * width and precision, both also '*'. No floating point.
 */
#ifndef GRAIN_LIB_STDIO_H
#define GRAIN_LIB_STDIO_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#define EOF (-1)

typedef struct stream FILE;
extern FILE *const stdin;
extern FILE *const stdout;
extern FILE *const stderr;

/* All return the number of characters that the whole text has. */
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
int fprintf(FILE *stream, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int vfprintf(FILE *stream, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
int puts(const char *s);
int putchar(int c);
int fputs(const char *s, FILE *stream);
int fputc(int c, FILE *stream);

/* Writes an incomplete line. Returns 0. */
int fflush(FILE *stream);

/* Write at most size bytes, the last of them 0 (nothing if size is 0). */
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Input: functions of C11 and POSIX, for stdin alone. An error counts as the end of input. The end (Ctrl-D)
 * is told once: the next call waits for more. */
int fgetc(FILE *stream);
int getchar(void);
char *fgets(char *buf, int size, FILE *stream);
/* *line is NULL or of malloc() and *size bytes long, and is made longer as needed. Returns the bytes read,
 * newline included; -1: end of input, or no memory. */
ssize_t getline(char **line, size_t *size, FILE *stream);

/* Adds len bytes to standard output: what the functions above end in. */
void stdout_write(const char *text, size_t len);

/* The same as fflush(stdout). */
void stdout_flush(void);

#endif
