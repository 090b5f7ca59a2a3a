/* Integer types of POSIX. */
#ifndef GRAIN_LIB_SYS_TYPES_H
#define GRAIN_LIB_SYS_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t ssize_t;
typedef int32_t off_t;
typedef int32_t pid_t;

#endif
