/* Has init end a server: for tests/tools/test_session.py, which reads what init says then. */
#include <stdlib.h>
#include <string.h>

#include "abi/init.h"
#include "grain/notify.h"
#include "grain/server.h"

int main(int argc, char **argv)
{
    enum server server = argc > 1 && strcmp(argv[1], "pager") == 0 ? SERVER_PAGER : SERVER_PROC;
    struct ipc_msg msg = {.w = {INIT_KILL, server}};

    if (server_call(SERVER_INIT, 0, &msg, NULL) < 0)
        return EXIT_FAILURE;
    for (;;)
        sleep_us(1000000);
}
