/* What the console asks about its clients. */
#ifndef CONSOLE_CLIENT_H
#define CONSOLE_CLIENT_H

#include <stdbool.h>

#include "abi/env.h"

/* Whether that env has not ended, nor is about to. */
bool client_is_alive(envid_t client);

#endif
