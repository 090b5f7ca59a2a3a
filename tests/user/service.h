/* What the tests of bootfs and console have in common: clients that do not keep to the rules. */
#ifndef TESTS_USER_SERVICE_H
#define TESTS_USER_SERVICE_H

#include "abi/server.h"
#include "grain/ipc.h"
#include "tests/user/test.h"

struct service_test {
    enum server server;
    bool (*answers)(void);  /* the server does what it is for */
    struct ipc_msg request; /* one that needs no more than these words */
};

/* Children that run one of the functions each, which do not return, are killed after a longer and longer while.
 * False: the server has not survived that. */
bool service_outlives_clients(const struct service_test *test, test_fn *const *clients,
                              uint32_t count);

/* Threads that send requests and do not wait for the answer, and make calls in between. */
bool service_survives_flood(const struct service_test *test);

#endif
