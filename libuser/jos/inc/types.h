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

/* The variables within have names that no program may use: else MIN(min_a, 5) would be of another min_a. */
#define MIN(a, b)                               \
    ({                                          \
        __typeof__(a) __min_a = (a);            \
        __typeof__(b) __min_b = (b);            \
        __min_a <= __min_b ? __min_a : __min_b; \
    })
#define MAX(a, b)                               \
    ({                                          \
        __typeof__(a) __max_a = (a);            \
        __typeof__(b) __max_b = (b);            \
        __max_a >= __max_b ? __max_a : __max_b; \
    })

/* To a multiple of n, any n but 0; a is a number or a pointer, and so is the result. */
#define ROUNDDOWN(a, n)                                         \
    ({                                                          \
        uint32_t __round_a = (uint32_t)(a);                     \
        (__typeof__(a))(__round_a - __round_a % (uint32_t)(n)); \
    })
#define ROUNDUP(a, n)                                                         \
    ({                                                                        \
        uint32_t __round_n = (uint32_t)(n);                                   \
        (__typeof__(a))(ROUNDDOWN((uint32_t)(a) + __round_n - 1, __round_n)); \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#endif
