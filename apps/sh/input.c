/* Lines from a descriptor, see apps/sh/input.h. */
#include "apps/sh/input.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "abi/errors.h"

#define BUSY_US 100000u /* until it is tried again */

/* Makes sure that there is something in the chunk. Returns 1, 0 at the end, or a negative number. */
static int fill(struct input *input)
{
    if (input->next < input->end)
        return 1;
    input->next = input->end = 0;
    ssize_t got = read(input->fd, input->chunk, sizeof(input->chunk));
    while (got == -E_BUSY) { /* others wait where the console has room for no more */
        usleep(BUSY_US);
        got = read(input->fd, input->chunk, sizeof(input->chunk));
    }
    if (got > 0)
        input->end = (size_t)got;
    return got > 0 ? 1 : (int)got;
}

enum input_result input_line(struct input *input, char *line, size_t size)
{
    bool fits = true;
    bool complete = false;
    size_t used = 0;
    int more = 0;

    while (!complete && (more = fill(input)) > 0) {
        const char *from = input->chunk + input->next;
        size_t left = input->end - input->next;
        const char *newline = memchr(from, '\n', left);
        size_t len = newline != NULL ? (size_t)(newline - from) : left;

        complete = newline != NULL;
        fits = fits && len < size - used;
        if (fits)
            memcpy(line + used, from, len);
        used += fits ? len : 0;
        input->next += len + (complete ? 1 : 0);
    }
    line[used] = 0;
    if (more < 0)
        return INPUT_ERROR;
    if (!fits)
        return INPUT_TOO_LONG;
    return complete || used > 0 ? INPUT_LINE : INPUT_END;
}
