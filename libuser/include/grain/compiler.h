/* Names for the compiler attributes that the library's headers use. */
#ifndef GRAIN_COMPILER_H
#define GRAIN_COMPILER_H

#define MUST_CHECK           __attribute__((warn_unused_result))
#define ALWAYS_INLINE        static inline __attribute__((always_inline))
#define PRINTF_LIKE(fmt, va) __attribute__((format(printf, fmt, va)))

#endif
