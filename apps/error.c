/* One line on standard error, see apps/error.h. */
#include "apps/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 200

/* The line is made first and written at once: those of several programs do not mix. */
int error_print(const char *fmt, ...)
{
    const char *slash = strrchr(program_name, '/');
    char line[LINE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", slash != NULL ? slash + 1 : program_name, line);
    return EXIT_FAILURE;
}

const char *error_of_kill(int error)
{
    if (error == -E_BAD_ENV)
        return "there is no such process";
    return error == -E_PERM ? "it is above the one who asks" : grain_strerror(error);
}
