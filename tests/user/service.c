/* Clients that do not keep to the rules, see service.h. */
#include "tests/user/service.h"

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/thread.h"

#define DYING_CLIENTS 40u
#define FLOODERS      8u
#define FLOOD_CALLS   200u

bool service_outlives_clients(const struct service_test *test, test_fn *const *clients,
                              uint32_t count)
{
    bool killed = true;

    for (uint32_t i = 0; i < DYING_CLIENTS; i++) {
        envid_t child = test_child_start(clients[i % count], NULL);

        killed = killed && child > 0;
        sleep_us(i * 50);
        if (child > 0)
            process_kill(child);
    }
    return killed && test->answers();
}

static int flood(void *arg)
{
    const struct service_test *test = arg;
    envid_t server =
        test->server == SERVER_BOOTFS ? process_servers.bootfs : process_servers.console;

    for (uint32_t i = 0; i < FLOOD_CALLS; i++) {
        if (ipc_send(server, &test->request) < 0 || !test->answers())
            return 1;
    }
    return 0;
}

bool service_survives_flood(const struct service_test *test)
{
    envid_t threads[FLOODERS];
    struct env_death death;
    bool good = true;

    for (uint32_t i = 0; i < FLOODERS; i++)
        threads[i] = thread_create(flood, (void *)(uintptr_t)test);
    for (uint32_t i = 0; i < FLOODERS; i++)
        good = threads[i] > 0 && thread_join(threads[i], &death) == 0 && death.status == 0 && good;
    return good && test->answers();
}
