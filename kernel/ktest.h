/* The way into the tests of tests/kernel, in builds that have them (option kernel_tests). */
#ifndef GRAIN_KERNEL_KTEST_H
#define GRAIN_KERNEL_KTEST_H

#include <stdbool.h>

#if GRAIN_KTEST
/* The boot word ktest=NAME,NAME...: they run one after the other. False: there is no such test, or they
 * are too many. */
bool ktest_select(const char *names);

/* Each CPU, on its kernel stack, where it would enter the scheduler: does not return if a test was
 * selected. */
void ktest_enter(void);
#else
static inline void ktest_enter(void)
{
}
#endif

#endif
