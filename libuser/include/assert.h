/* assert(): prints the place and the condition, and aborts. Off with NDEBUG, and in builds with
 * -Dasserts=false. */
#undef assert
#if defined(NDEBUG) || (defined(GRAIN_ASSERTS) && !GRAIN_ASSERTS)
#define assert(condition) ((void)0)
#else
#define assert(condition) \
    ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif

#ifndef GRAIN_LIB_ASSERT_H
#define GRAIN_LIB_ASSERT_H

_Noreturn void assert_failed(const char *condition, const char *file, int line,
                             const char *function);

#define static_assert _Static_assert

#endif
