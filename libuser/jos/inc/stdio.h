/* The JOS user API: formatted output, the console. */
#ifndef JOS_INC_STDIO_H
#define JOS_INC_STDIO_H

#include <inc/stdarg.h>
#include <inc/types.h>

/* The console, a character at a time. getchar waits for one. */
void cputchar(int c);
int getchar(void);
int iscons(int fd);

/* Conversions: d i u o x X p s c e %, with width, precision, flags and the sizes h l ll z. %e takes an
 * error number, negated or not, and prints its text. %#s: '?' for each byte that cannot be printed. The
 * width of %p is that of the digits, without 0x. */
void printfmt(void (*putch)(int, void *), void *putdat, const char *fmt, ...);
void vprintfmt(void (*putch)(int, void *), void *putdat, const char *fmt, va_list ap);

/* The length of the whole text; buf gets n - 1 bytes of it and a 0. -E_INVAL: no buf, or no room. */
int snprintf(char *str, int size, const char *fmt, ...);
int vsnprintf(char *str, int size, const char *fmt, va_list ap);

/* On the console, up to 256 bytes in one piece. The number of bytes. */
int cprintf(const char *fmt, ...);
int vcprintf(const char *fmt, va_list ap);

/* The same; fd is 1, there is no other: -E_INVAL. */
int printf(const char *fmt, ...);
int fprintf(int fd, const char *fmt, ...);
int vfprintf(int fd, const char *fmt, va_list ap);

/* A line, without its end, in a static buffer; shows the prompt unless it is NULL. NULL when getchar
 * (the program's own, say) returns an error. */
char *readline(const char *prompt);

#endif
