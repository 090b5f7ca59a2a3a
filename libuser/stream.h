/* A stream of <stdio.h>. Only standard input keeps something in it. */
#ifndef LIBUSER_STREAM_H
#define LIBUSER_STREAM_H

#include <stdint.h>

#include "abi/console.h"

struct stream {
    uint32_t next, end; /* what is left to read of text[] */
    char text[CONSOLE_BYTES_MAX];
};

#endif
