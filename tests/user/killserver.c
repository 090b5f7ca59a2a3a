/* Has init end a server, as often as is said: for tests/tools/test_session.py, which reads what init says then. */
#include <stdlib.h>
#include <string.h>

#include "abi/init.h"
#include "grain/notify.h"
#include "grain/server.h"

#define STEP_US 1000u

static enum server server_of(const char *name)
{
    static const char *const names[] = {
        [SERVER_PAGER] = "pager",
        [SERVER_PROC] = "proc",
        [SERVER_BOOTFS] = "bootfs",
        [SERVER_CONSOLE] = "console",
    };

    for (uint32_t i = SERVER_PAGER; i <= SERVER_CONSOLE; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum server)i;
    }
    return SERVER_INIT; /* which init does not end */
}

/* Once: and then waits for the next one. */
static bool kill_once(enum server server)
{
    struct ipc_msg msg = {.w = {INIT_KILL, server}};
    envid_t old = server_find(server);

    if (server_call(SERVER_INIT, 0, &msg, NULL) < 0)
        return false;
    while (server_find(server) == old)
        sleep_us(STEP_US);
    return true;
}

int main(int argc, char **argv)
{
    enum server server = server_of(argc > 1 ? argv[1] : "");
    int times = argc > 2 ? atoi(argv[2]) : 1;

    for (int i = 0; i < times; i++) {
        if (!kill_once(server))
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
