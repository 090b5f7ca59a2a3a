/* Computes for ever: for tests/tools/test_session.py, which interrupts it. */
#include <stdio.h>

int main(void)
{
    volatile unsigned int turns = 0;

    printf("spin: until Ctrl-C\n");
    for (;;)
        turns++;
}
