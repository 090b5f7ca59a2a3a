/* Words for the compiler that the whole kernel uses. */
#ifndef GRAIN_KERNEL_COMPILER_H
#define GRAIN_KERNEL_COMPILER_H

#include <stddef.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define MUST_CHECK    __attribute__((warn_unused_result))
#define NOINLINE      __attribute__((noinline))
#define UNUSED        __attribute__((unused))
#define ALWAYS_INLINE __attribute__((always_inline))
#define ALIGNED(n)    __attribute__((aligned(n)))

/* Called from assembly, or calling it: the first three arguments in eax, edx, ecx. */
#ifdef __i386__
#define REGPARM __attribute__((regparm(3)))
#else
#define REGPARM
#endif

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define GRAIN_STRING_(x)                #x
#define GRAIN_STRING(x)                 GRAIN_STRING_(x) /* the value of a macro as a string */
#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))

/* About where this stands, in the function that it ends up in by inlining. */
static inline ALWAYS_INLINE const void *code_address(void)
{
    const void *here;

#if defined(__i386__)
    __asm__ volatile("1: movl $1b, %0" : "=r"(here));
#elif defined(__x86_64__)
    __asm__ volatile("1: leaq 1b(%%rip), %0" : "=r"(here));
#else
    here = __builtin_return_address(0);
#endif
    return here;
}

/* An access that the compiler neither repeats, splits nor leaves out: for words that another CPU
 * or user space may write at the same time. It orders nothing. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
