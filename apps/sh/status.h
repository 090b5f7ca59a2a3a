/* How a process ended (abi/proc.h), as a number for $?. */
#ifndef GRAIN_APPS_SH_STATUS_H
#define GRAIN_APPS_SH_STATUS_H

#include <stdint.h>

/* What $? is after it. An exit status is 0 to 255; these are the shell's own. */
enum {
    STATUS_USAGE = 2,
    STATUS_CANNOT_RUN = 126,
    STATUS_NOT_FOUND = 127,
    STATUS_KILLED = 137,
    STATUS_FAULT = 139,
    STATUS_NO_MEMORY = 140,
};

int status_code(uint32_t status);

#endif
