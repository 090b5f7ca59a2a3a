/* forktree: a binary tree of processes. Each prints its place in the tree, forks a left and a right
 * child, and waits for both; a process that fails, or whose child does, ends with a status. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/error.h"
#include "apps/options.h"

#define DEPTH_MAX 8

static uint32_t depth = 3;
static bool quiet;

static const struct option list[] = {
    {'d', "depth", "N", "levels below the first process, 0 to 8 (default 3)", .number = &depth,
     .most = DEPTH_MAX},
    {'q', "quiet", NULL, "print the last line alone", .flag = &quiet},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "forktree",
    .operands = "",
    .text = "Forks a binary tree of processes, each of which prints its place: 0 for a left\n"
            "child, 1 for a right one, from the top down.",
    .list = list,
};

static int wait_for(pid_t pid)
{
    int status = 0;
    int result = waitpid(pid, &status, 0);

    if (result < 0)
        return error_print("cannot wait for process %d: %s", (int)pid, grain_strerror(result));
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int grow(const char *place);

/* The child's pid; it does not return in the child. */
static pid_t fork_branch(const char *place, char branch)
{
    char longer[DEPTH_MAX + 1];
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    snprintf(longer, sizeof(longer), "%s%c", place, branch);
    exit(grow(longer));
}

static int grow(const char *place)
{
    int status = EXIT_SUCCESS;
    pid_t children[2];

    if (!quiet)
        printf("process %d is '%s'\n", (int)getpid(), place);
    if (strlen(place) == depth)
        return EXIT_SUCCESS;
    for (int i = 0; i < 2; i++)
        children[i] = fork_branch(place, i == 0 ? '0' : '1');
    for (int i = 0; i < 2; i++) {
        if (children[i] < 0)
            status = error_print("cannot fork: %s", grain_strerror(children[i]));
        else if (wait_for(children[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    }
    return status;
}

int main(int argc, char **argv)
{
    options_parse(&command_line, argc, argv);
    int status = grow("");
    if (status == EXIT_SUCCESS)
        printf("a tree of %u processes\n", (2u << depth) - 1);
    else
        error_print("the tree is not complete");
    return status;
}
