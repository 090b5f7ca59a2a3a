/* A line from the console, with backspace. */
#include <inc/lib.h>

#define LINE_MAX 1024

static char line[LINE_MAX];

char *readline(const char *prompt)
{
    int len = 0;

    if (prompt != NULL)
        cprintf("%s", prompt);
    for (;;) {
        int c = getchar();

        if (c < 0) {
            cprintf("read error: %e\n", c);
            return NULL;
        }
        if (c == '\b' || c == 0x7f) {
            if (len > 0) {
                cprintf("\b \b");
                len--;
            }
        } else if (c == '\n' || c == '\r') {
            cputchar('\n');
            line[len] = 0;
            return line;
        } else if (c >= ' ' && len < LINE_MAX - 1) {
            cputchar(c);
            line[len++] = (char)c;
        }
    }
}
