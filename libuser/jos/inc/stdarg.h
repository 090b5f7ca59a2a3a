/* The JOS user API: variable arguments. */
#ifndef JOS_INC_STDARG_H
#define JOS_INC_STDARG_H

typedef __builtin_va_list va_list;

#ifndef va_start /* the compiler's own <stdarg.h> */
#define va_start(ap, last) __builtin_va_start(ap, last)
#define va_arg(ap, type)   __builtin_va_arg(ap, type)
#define va_end(ap)         __builtin_va_end(ap)
#define va_copy(to, from)  __builtin_va_copy(to, from)
#endif

#endif
