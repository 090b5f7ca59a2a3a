/* The JOS user API: integer types and the macros on them. */
#ifndef JOS_INC_TYPES_H
#define JOS_INC_TYPES_H

#ifndef NULL
#define NULL ((void *)0)
#endif

#ifndef bool /* <stdbool.h> */
typedef _Bool bool;
enum { false, true };
#endif

typedef __signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

typedef int32_t intptr_t;
typedef uint32_t uintptr_t;
typedef uint32_t physaddr_t; /* of the low 4 GiB */
typedef uint32_t ppn_t;
typedef uint32_t size_t;
typedef int32_t ssize_t;
typedef int32_t off_t;

#define MIN(a, b)                       \
    ({                                  \
        __typeof__(a) min_a = (a);      \
        __typeof__(b) min_b = (b);      \
        min_a <= min_b ? min_a : min_b; \
    })
#define MAX(a, b)                       \
    ({                                  \
        __typeof__(a) max_a = (a);      \
        __typeof__(b) max_b = (b);      \
        max_a >= max_b ? max_a : max_b; \
    })

/* To a multiple of n, any n but 0; a is a number or a pointer, and so is the result. */
#define ROUNDDOWN(a, n)                                     \
    ({                                                      \
        uint32_t round_a = (uint32_t)(a);                   \
        (__typeof__(a))(round_a - round_a % (uint32_t)(n)); \
    })
#define ROUNDUP(a, n)                                                     \
    ({                                                                    \
        uint32_t round_n = (uint32_t)(n);                                 \
        (__typeof__(a))(ROUNDDOWN((uint32_t)(a) + round_n - 1, round_n)); \
    })

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#endif
