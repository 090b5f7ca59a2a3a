/* The JOS user API: assert, panic, warn. */
#ifndef JOS_INC_ASSERT_H
#define JOS_INC_ASSERT_H

#include <inc/stdio.h>

void _warn(const char *file, int line, const char *fmt, ...);
/* Says "user panic in" and ends the env by a breakpoint. */
void _panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn));

#define warn(...)  _warn(__FILE__, __LINE__, __VA_ARGS__)
#define panic(...) _panic(__FILE__, __LINE__, __VA_ARGS__)

#define assert(x)                              \
    do {                                       \
        if (!(x))                              \
            panic("assertion failed: %s", #x); \
    } while (0)

/* Does not compile when x is false. */
#define static_assert(x) \
    switch ((int)!!(x))  \
    case 0:              \
    case (int)!!(x):

#endif
