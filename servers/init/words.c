/* The words on the command line, see words.h. */
#include "servers/init/words.h"

#include <string.h>

#include "grain/windows.h"

#define RUN "init.run="

/* Moves *at behind the next word, which is returned, its length in *len; 0: none. */
static const char *next_word(const char **at, size_t *len)
{
    const char *word = *at + strspn(*at, " ");

    *len = strcspn(word, " ");
    *at = word + *len;
    return word;
}

bool words_have(const char *wanted)
{
    const char *at = sysinfo()->cmdline;
    size_t len;

    for (;;) {
        const char *word = next_word(&at, &len);

        if (len == 0)
            return false;
        if (len == strlen(wanted) && strncmp(word, wanted, len) == 0)
            return true;
    }
}

bool words_run(uint32_t index, char text[WORD_TEXT_MAX])
{
    const char *at = sysinfo()->cmdline;
    const size_t skip = strlen(RUN);
    size_t len;

    for (;;) {
        const char *word = next_word(&at, &len);

        if (len == 0)
            return false;
        if (len < skip || strncmp(word, RUN, skip) != 0 || index-- != 0)
            continue;
        len = len - skip < WORD_TEXT_MAX ? len - skip : WORD_TEXT_MAX - 1;
        memcpy(text, word + skip, len);
        text[len] = 0;
        return true;
    }
}
