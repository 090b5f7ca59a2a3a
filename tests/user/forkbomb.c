/* Every copy makes copies, as fast as it can, for three seconds: for tests/tools/test_session.py, which works beside it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "grain/time.h"

#define BOMB_US 3000000u

int main(void)
{
    uint64_t end = time_us() + BOMB_US;
    pid_t self = getpid();
    bool told = false;

    while (time_us() < end) {
        pid_t pid = fork();

        if (pid < 0 && !told && getpid() == self) {
            printf("forkbomb: no more: %s\n", grain_strerror(pid));
            told = true;
        }
    }
    return told || getpid() != self ? 0 : 1;
}
