/* The watcher, see watch.h. It calls no server that may be what has died, but to tell pager and proc of a new one:
 * what it has to say goes to the kernel's log, and so does what others print for it while there is no console, as
 * nobody asks the watcher then where the new one is (server_find). */
#include "servers/init/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/init.h"
#include "grain/ipc.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "servers/init/init.h"
#include "servers/init/service.h"
#include "servers/init/words.h"

#define DEATHS_MAX 5u /* of one service: then it is not started again */

static uint32_t boot_time_us;

/* Clients that ask for a server that has died and is not started again yet, by env index: an env waits for
 * one answer at a time. */
static struct waiter {
    envid_t client; /* 0: none */
    enum server server;
} waiters[ENV_MAX];

void watch_set_boot_time(uint32_t us)
{
    __atomic_store_n(&boot_time_us, us, __ATOMIC_RELAXED);
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
    struct utcb *self = utcb();
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf((char *)self->buf, sizeof(self->buf), fmt, args);
    va_end(args);
    (void)log_write((uint32_t)len < sizeof(self->buf) ? (uint32_t)len : sizeof(self->buf));
}

/* As the kernel sees it: the public record says so a moment later, and a client may be here before. */
static bool has_died(const struct service *service)
{
    struct aspace_usage usage;

    return service->id == 0 || aspace_info(service->id, &usage) < 0;
}

/* Answers those who waited for this server. */
static void wake_waiters(const struct service *service)
{
    const struct ipc_msg msg = {.w = {0, (uint32_t)service->id}};

    for (uint32_t i = 0; i < ENV_MAX; i++) {
        if (waiters[i].client == 0 || waiters[i].server != service->server)
            continue;
        (void)ipc_reply(waiters[i].client, &msg);
        waiters[i].client = 0;
    }
}

/* Whether the machine can go on without it: not at all without pager or proc. */
static bool may_restart(const struct service *service)
{
    return service->restarts && service->deaths < DEATHS_MAX;
}

static void restart(struct service *service, const struct env_death *death)
{
    char text[80];

    report_describe(death, text, sizeof(text));
    service->deaths++;
    if (!may_restart(service)) {
        say("init: %s %s: the system cannot go on without it\n", service->name, text);
        init_halt(true);
    }
    say("init: %s %s: it is started again\n", service->name, text);
    if (!service_start(service, env_self()))
        init_halt(true);
    if (service_find(SERVER_PROC)->id != 0 && !service_set_up(env_self()))
        say("init: pager and proc do not know the new %s\n", service->name);
    wake_waiters(service);
}

static void look_after(uint32_t bits)
{
    struct env_death death;

    for (uint32_t i = 0; i < SERVICES; i++) {
        struct service *service = &services[i];

        if ((bits & service_bit(service)) != 0 && env_reap(service->id, &death) == 0)
            restart(service, &death);
    }
}

/* Requests. They change *msg into the answer, or return false: it comes later. */

static bool answer_server(envid_t client, struct ipc_msg *msg)
{
    enum server server = (enum server)msg->w[1];
    const struct service *service = service_find(server);

    *msg = (struct ipc_msg){.w = {0}};
    if (service == NULL) {
        msg->w[0] = (uint32_t)-E_INVAL;
        return true;
    }
    msg->w[1] = (uint32_t)service->id;
    if (!has_died(service))
        return true;
    waiters[ENV_INDEX(client)] = (struct waiter){.client = client, .server = server};
    return false;
}

/* For tests: what nobody else is allowed to do. */
static bool answer_kill(struct ipc_msg *msg)
{
    const struct service *service = service_find((enum server)msg->w[1]);
    int error = -E_PERM;

    if (service != NULL && words_have("init.test"))
        error = env_destroy(service->id, 0);
    *msg = (struct ipc_msg){.w = {(uint32_t)error}};
    return true;
}

static bool answer(envid_t client, struct ipc_msg *msg)
{
    switch (msg->w[0]) {
    case INIT_SERVER:
        return answer_server(client, msg);
    case INIT_BOOT_TIME:
        *msg = (struct ipc_msg){.w = {0, __atomic_load_n(&boot_time_us, __ATOMIC_RELAXED)}};
        return true;
    case INIT_KILL:
        return answer_kill(msg);
    default:
        *msg = (struct ipc_msg){.w = {(uint32_t)-E_NO_SYS}};
        return true;
    }
}

static int watch(void *arg)
{
    struct ipc_msg msg = {.w = {0}};
    envid_t client = 0;

    (void)arg;
    for (;;) {
        int32_t result = ipc_reply_recv(client, &msg);

        client = 0;
        if (result == 0)
            look_after(msg.w[0]);
        else if (result > 0 && answer(ipc_sender(result), &msg))
            client = ipc_sender(result);
    }
}

envid_t watch_start(void)
{
    return thread_create(watch, NULL);
}
