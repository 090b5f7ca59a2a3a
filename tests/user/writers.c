/* Several processes that write lines at once, in one piece and in several: for tests/tools/test_session.py, which
 * looks whether any line is mixed with another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 4
#define LINES   25

static void write_lines(int writer)
{
    char line[100];

    for (int i = 0; i < LINES; i++) {
        int len = snprintf(line, sizeof(line), "writer %d line %02d %.*s end\n", writer, i, 20 + i,
                           "============================================================");
        if (i % 2 == 0)
            (void)write(STDOUT_FILENO, line, (size_t)len);
        else
            printf("%s", line);
    }
}

int main(void)
{
    for (int writer = 0; writer < WRITERS; writer++) {
        if (fork() == 0) {
            write_lines(writer);
            exit(EXIT_SUCCESS);
        }
    }
    while (wait(NULL) > 0) {}
    printf("writers: all done\n");
    return EXIT_SUCCESS;
}
