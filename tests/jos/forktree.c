/* A tree of forks: every node once. */
#include "tests/jos/test.h"

#define DEPTH 3
#define NODES 15 /* 1 + 2 + 4 + 8 */

static envid_t root;

static uint32_t node_number(const char *path)
{
    uint32_t number = 1;

    for (; *path != 0; path++)
        number = number * 2 + (uint32_t)(*path - '0');
    return number;
}

static void tree(const char *path)
{
    char next[DEPTH + 1];

    cprintf("%04x: I am '%s'\n", sys_getenvid(), path);
    for (char branch = '0'; branch <= '1' && strlen(path) < DEPTH; branch++) {
        snprintf(next, sizeof(next), "%s%c", path, branch);
        if (fork() == 0) {
            tree(next);
            exit();
        }
    }
    if (sys_getenvid() != root)
        ipc_send(root, node_number(path), NULL, 0);
}

void umain(int argc, char **argv)
{
    bool seen[NODES + 1] = {false};
    bool good = true;

    root = sys_getenvid();
    tree("");
    for (int i = 1; i < NODES; i++) {
        uint32_t number = (uint32_t)ipc_recv(NULL, NULL, NULL);

        good &= number > 1 && number <= NODES && !seen[number];
        seen[number % (NODES + 1)] = true;
    }
    CHECK(good, "jos_forktree_each_once");
}
