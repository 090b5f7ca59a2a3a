/* A program that tests start: its first argument says what it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grain/memory.h"
#include "grain/utcb.h"
#include "grain/windows.h"
#include "tests/system/system.h"

#define DEEP_BYTES 4096u

/* Ends with the status given. */
static int do_status(int argc, char **argv)
{
    return argc > 2 ? atoi(argv[2]) : 0;
}

/* 0: the arguments are "args", "a b", "" and the environment "X=1", "Y=". */
static int do_args(int argc, char **argv)
{
    const char *x = getenv("X");
    const char *y = getenv("Y");

    if (argc != 4 || strcmp(argv[2], "a b") != 0 || argv[3][0] != 0 || argv[4] != NULL)
        return 1;
    return x != NULL && strcmp(x, "1") == 0 && y != NULL && *y == 0 && getenv("Z") == NULL ? 0 : 2;
}

/* 0: the message page is as a new one. */
static int do_fresh(int argc, char **argv)
{
    const struct utcb_local *local = utcb_local();

    (void)argc;
    (void)argv;
    return local->program[0] == 0 && local->jos[0] == 0 ? 0 : 1;
}

/* 0: has the pid given. */
static int do_pid(int argc, char **argv)
{
    return argc > 2 && getpid() == atoi(argv[2]) ? 0 : 1;
}

/* The room is looked at after the call, so that each level has its own. */
static __attribute__((noinline)) uint32_t go_down(uint32_t levels)
{
    volatile char room[DEEP_BYTES];

    room[levels % DEEP_BYTES] = 0;
    uint32_t below = levels == 0 ? 0 : go_down(levels - 1);
    return below + (uint32_t)room[levels % DEEP_BYTES];
}

/* Uses so many pages of stack. */
static int do_stack(int argc, char **argv)
{
    return (int)go_down(argc > 2 ? (uint32_t)atoi(argv[2]) : 0);
}

/* Writes so many pages, one after the other. */
static int do_touch(int argc, char **argv)
{
    uint32_t pages = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
    uintptr_t va = 0;

    if (memory_map(&va, pages * PAGE_SIZE, PERM_RW) < 0)
        return 1;
    for (uint32_t i = 0; i < pages; i++)
        *(volatile uint32_t *)(va + i * PAGE_SIZE) = i;
    return 0;
}

/* Where the frame of its text is, in the shared memory that the key names. */
static int do_text(int argc, char **argv)
{
    uintptr_t va;
    size_t bytes;

    if (argc < 3 || shared_attach(strtoul(argv[2], NULL, 0), PERM_RW, &va, &bytes) < 0)
        return 1;
    *(volatile uint32_t *)va = (uint32_t)(page_entry_frame(page_entry(USER_TEXT)) / PAGE_SIZE);
    return 0;
}

/* Writes where nothing is. */
static int do_fault(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    *(volatile uint32_t *)PAGE_SIZE = 1;
    return 0;
}

/* Becomes itself again, for ever. */
static int do_exec(int argc, char **argv)
{
    char *next[] = {argv[0], argv[1], NULL};

    (void)argc;
    return -execv(CHILD, next);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} modes[] = {
    {"status", do_status}, {"args", do_args},   {"fresh", do_fresh},
    {"pid", do_pid},       {"stack", do_stack}, {"touch", do_touch},
    {"text", do_text},     {"exec", do_exec},   {"fault", do_fault},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argc, argv);
    }
    printf("%s: no such mode\n", argv[0]);
    return 99;
}
