/* Standard input, see <stdio.h>. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libuser/stream.h"

#define LINE_FIRST 64u

static struct stream input;
static struct stream output; /* for their addresses alone: what is kept of output is in the UTCB */
static struct stream error_output;
FILE *const stdin = &input;
FILE *const stdout = &output;
FILE *const stderr = &error_output;

/* Whether there is something in text[]. */
static bool fill(FILE *stream)
{
    if (stream->next < stream->end)
        return true;
    if (stream != stdin)
        return false;
    ssize_t got = read(STDIN_FILENO, stream->text, sizeof(stream->text));
    stream->next = 0;
    stream->end = got < 0 ? 0 : (uint32_t)got;
    return stream->end != 0;
}

/* Bytes that can be taken at once: up to a newline, and `most`. *complete: the newline is among them. */
static uint32_t line_part(const FILE *stream, size_t most, bool *complete)
{
    const char *start = stream->text + stream->next;
    uint32_t len = stream->end - stream->next;
    const char *newline = memchr(start, '\n', len);

    if (newline != NULL)
        len = (uint32_t)(newline - start) + 1;
    *complete = newline != NULL && len <= most;
    return len < most ? len : (uint32_t)most;
}

static uint32_t take_part(FILE *stream, char *to, size_t most, bool *complete)
{
    uint32_t len = line_part(stream, most, complete);

    memcpy(to, stream->text + stream->next, len);
    stream->next += len;
    return len;
}

int fgetc(FILE *stream)
{
    return fill(stream) ? (unsigned char)stream->text[stream->next++] : EOF;
}

int getchar(void)
{
    return fgetc(stdin);
}

char *fgets(char *buf, int size, FILE *stream)
{
    uint32_t len = 0;
    bool complete = false;

    if (size <= 1)
        return NULL;
    while (!complete && len < (uint32_t)size - 1 && fill(stream))
        len += take_part(stream, buf + len, (uint32_t)size - 1 - len, &complete);
    buf[len] = 0;
    return len == 0 ? NULL : buf;
}

/* Makes room for at least `need` bytes. */
static bool reserve(char **line, size_t *size, size_t need)
{
    size_t new_size = *line == NULL || *size < LINE_FIRST ? LINE_FIRST : *size;

    while (new_size < need)
        new_size *= 2;
    if (*line != NULL && new_size == *size)
        return true;
    char *bigger = realloc(*line, new_size);
    if (bigger == NULL)
        return false;
    *line = bigger;
    *size = new_size;
    return true;
}

ssize_t getline(char **line, size_t *size, FILE *stream)
{
    uint32_t len = 0;
    bool complete = false;

    while (!complete && fill(stream)) {
        if (!reserve(line, size, len + sizeof(stream->text) + 1))
            return -1;
        len += take_part(stream, *line + len, *size - 1 - len, &complete);
    }
    if (len == 0)
        return -1;
    (*line)[len] = 0;
    return (ssize_t)len;
}
