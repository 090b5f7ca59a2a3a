/* Lines from a descriptor: the console, which hands out one at a time, or a file. */
#ifndef GRAIN_APPS_SH_INPUT_H
#define GRAIN_APPS_SH_INPUT_H

#include <stddef.h>

#define INPUT_CHUNK 240 /* what the console reads at once */

struct input {
    int fd;
    size_t next, end; /* chunk[next] to chunk[end] is not used yet */
    char chunk[INPUT_CHUNK];
};

enum input_result { INPUT_LINE, INPUT_TOO_LONG, INPUT_END, INPUT_ERROR };

/* Reads a line, without its newline, to `line`, at most size bytes with the 0. INPUT_TOO_LONG: the
 * line has more, and all of it was passed over. */
enum input_result input_line(struct input *input, char *line, size_t size);

#endif
