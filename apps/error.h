/* What went wrong, in one line on standard error that begins with the program's name. */
#ifndef GRAIN_APPS_ERROR_H
#define GRAIN_APPS_ERROR_H

#include "grain/compiler.h"

/* "program: " and the text. Returns EXIT_FAILURE: `return error_print(...)` ends main. */
int error_print(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Why kill() failed with that negated error. */
const char *error_of_kill(int error);

#endif
