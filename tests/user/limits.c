/* What an env may do at most: each limit is kept, inherited, and can only shrink. */
#include <string.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define PLACE    0x50000000u
#define RTC_PORT 0x70u

/* All that we have ourselves may be asked for. */
static struct env_limits all_limits(void)
{
    return (struct env_limits){
        .syscalls = {0xffffffffu, 0xffffffffu},
        .send_count = ENV_SEND_ANY,
        .ports = {{0, 0xffff}, {1, 0}, {1, 0}, {1, 0}},
        .irqs = 0xffffffffu,
        .priority = SCHED_PRIORITIES - 1,
        .frames = 0,
    };
}

static envid_t friend_id;
static envid_t stranger_id;

static int syscalls_body(void *arg)
{
    struct env_limits limits = all_limits();

    (void)arg;
    limits.syscalls[0] &= ~(1u << SYS_yield | 1u << SYS_page_alloc);
    if (env_set_limits(0, &limits) != 0)
        return 1;
    if (syscall0(SYS_yield) != -E_PERM || page_alloc(0, PLACE, 1, PERM_RW) != -E_PERM)
        return 2;
    if (syscall5_int(SYS_yield, 0, 0, 0, 0, 0) != -E_PERM || null_call() != 0)
        return 3;
    limits.syscalls[0] = 0xffffffffu;
    if (env_set_limits(0, &limits) != -E_PERM)
        return 4;
    limits.syscalls[0] &= ~(1u << SYS_yield | 1u << SYS_page_alloc);
    limits.syscalls[1] = 0;
    if (env_set_limits(0, &limits) != 0)
        return 5;
    limits.syscalls[1] = 0x80000000u;
    return env_set_limits(0, &limits) == -E_PERM ? 0 : 6;
}

static int send_body(void *arg)
{
    struct env_limits limits = all_limits();
    struct ipc_msg msg = {.w = {0}};

    (void)arg;
    limits.send_count = ENV_SEND_LIST + 1;
    if (env_set_limits(0, &limits) != -E_INVAL)
        return 1;
    limits.send_count = 2;
    limits.send_to[0] = env_self();
    limits.send_to[1] = friend_id;
    if (env_set_limits(0, &limits) != 0)
        return 2;
    if (ipc_try_send(stranger_id, &msg) != -E_PERM || notify(stranger_id, 1) != -E_PERM)
        return 3;
    if (ipc_try_send(friend_id, &msg) != -E_IPC_NOT_RECV || notify(friend_id, 1) != 0)
        return 4;
    limits.send_to[1] = stranger_id;
    if (env_set_limits(0, &limits) != -E_PERM)
        return 5;
    limits.send_count = ENV_SEND_ANY;
    if (env_set_limits(0, &limits) != -E_PERM)
        return 6;
    limits.send_count = 0;
    if (env_set_limits(0, &limits) != 0)
        return 7;
    return ipc_try_send(friend_id, &msg) == -E_PERM && notify(0, 1) == -E_PERM ? 0 : 8;
}

static int ports_body(void *arg)
{
    struct env_limits limits = all_limits();
    uint32_t value;

    (void)arg;
    limits.ports[0] = (struct env_port_range){RTC_PORT, RTC_PORT + 1};
    limits.ports[1] = (struct env_port_range){0x80, 0x80};
    if (env_set_limits(0, &limits) != 0)
        return 1;
    if (port_out(RTC_PORT, 1, 0) != 0 || port_in(RTC_PORT + 1, 1, &value) != 0)
        return 2;
    if (port_in(RTC_PORT, 2, &value) != 0 || port_out(0x80, 1, 0) != 0)
        return 3;
    if (port_in(RTC_PORT + 1, 2, &value) != -E_PERM ||
        port_in(RTC_PORT - 1, 1, &value) != -E_PERM || port_in(RTC_PORT, 4, &value) != -E_PERM ||
        port_out(0x60, 1, 0) != -E_PERM)
        return 4;
    limits.ports[1] = (struct env_port_range){0x80, 0x81};
    if (env_set_limits(0, &limits) != -E_PERM)
        return 5;
    for (uint32_t i = 0; i < ENV_PORT_LIST; i++)
        limits.ports[i] = (struct env_port_range){1, 0};
    if (env_set_limits(0, &limits) != 0)
        return 6;
    return port_in(RTC_PORT + 1, 1, &value) == -E_PERM && port_in(0, 1, &value) == -E_PERM ? 0 : 7;
}

static int irqs_body(void *arg)
{
    struct env_limits limits = all_limits();

    (void)arg;
    limits.irqs = 1u << 8;
    if (env_set_limits(0, &limits) != 0)
        return 1;
    if (irq_attach(4, 1) != -E_PERM || irq_ack(4) != -E_PERM || irq_attach(0, 0) != -E_PERM)
        return 2;
    if (irq_attach(8, 1) != 0 || irq_ack(8) != 0 || irq_attach(8, 0) != 0)
        return 3;
    limits.irqs = 1u << 8 | 1u << 4;
    return env_set_limits(0, &limits) == -E_PERM ? 0 : 4;
}

static int priority_body(void *arg)
{
    struct env_limits limits = all_limits();

    (void)arg;
    limits.priority = SCHED_PRIO_DEFAULT;
    if (env_set_limits(0, &limits) != 0)
        return 1;
    if (env_set_sched(0, SCHED_PRIO_DEFAULT + 1, SCHED_ANY_CPU) != -E_PERM ||
        env_set_sched(0, SCHED_PRIO_DEFAULT, SCHED_ANY_CPU) != 0 ||
        env_set_sched(0, SCHED_PRIO_DEFAULT - 1, SCHED_ANY_CPU) != 0)
        return 2;
    limits.priority = SCHED_PRIO_DEFAULT + 1;
    return env_set_limits(0, &limits) == -E_PERM ? 0 : 3;
}

static int frames_body(void *arg)
{
    struct env_limits limits = all_limits();
    struct aspace_usage usage;

    (void)arg;
    if (aspace_info(0, &usage) != 0)
        return 1;
    limits.frames = usage.frames + 10;
    if (env_set_limits(0, &limits) != 0 || aspace_info(0, &usage) != 0 ||
        usage.quota != limits.frames)
        return 2;
    if (page_alloc(0, PLACE, 16, PERM_RW) != -E_QUOTA || page_unmap(0, PLACE, 16) != 0)
        return 3;
    if (env_create(ENV_NEW_ASPACE, 0, limits.frames + 1, 0) != -E_PERM)
        return 4;
    envid_t id = env_create(ENV_NEW_ASPACE, 0, limits.frames, NOTIFY_CHILD);
    if (id < 0)
        return 5;
    process_kill(id);
    id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    if (id < 0 || aspace_info(id, &usage) != 0 || usage.quota != limits.frames)
        return 6;
    process_kill(id);
    limits.frames++;
    if (env_set_limits(0, &limits) != -E_PERM)
        return 7;
    limits.frames = 1; /* less than there is: what is there stays, no more comes */
    if (env_set_limits(0, &limits) != 0 || aspace_info(0, &usage) != 0)
        return 8;
    return usage.quota == usage.frames && page_alloc(0, PLACE, 1, PERM_RW) == -E_QUOTA ? 0 : 9;
}

/* An env may have fewer frames in its limits than the space has that it was made in. */
static int frames_unchanged_body(void *arg)
{
    struct env_limits limits = all_limits();
    struct aspace_usage usage;
    uint32_t quota;

    (void)arg;
    if (aspace_info(0, &usage) != 0)
        return 1;
    quota = usage.frames + 200;
    envid_t space = env_create(ENV_NEW_ASPACE, 0, quota, NOTIFY_CHILD);
    limits.frames = usage.frames + 50;
    if (space < 0 || env_set_limits(0, &limits) != 0)
        return 2;
    envid_t env = env_create(0, space, 0, NOTIFY_CHILD);
    limits.frames = 0;
    if (env < 0 || env_set_limits(env, &limits) != 0 || aspace_info(space, &usage) != 0)
        return 3;
    if (usage.quota != quota)
        return 4;
    process_kill(env);
    process_kill(space);
    return 0;
}

/* One that has more than it may give gives what it may. */
static int priority_inherited_body(void *arg)
{
    struct env_limits limits = all_limits();

    (void)arg;
    limits.priority = SCHED_PRIO_DEFAULT - 1;
    if (env_set_sched(0, SCHED_PRIO_DEFAULT + 1, SCHED_ANY_CPU) != 0 ||
        env_set_limits(0, &limits) != 0)
        return 1;
    envid_t child = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    if (child < 0)
        return 2;
    uint32_t priority = env_record(child)->priority;
    process_kill(child);
    return priority == limits.priority ? 0 : 3;
}

/* What a child gets is what its creator has. */
static int inherit_child(void *arg)
{
    uint32_t value;

    (void)arg;
    return port_in(RTC_PORT, 1, &value) == -E_PERM && irq_attach(8, 1) == -E_PERM ? 0 : 1;
}

static int inherit_body(void *arg)
{
    struct env_limits limits = all_limits();
    struct env_death death = {.cause = 0};

    limits.ports[0] = (struct env_port_range){1, 0};
    limits.irqs = 0;
    if (env_set_limits(0, &limits) != 0)
        return 1;
    if (test_child(inherit_child, arg, &death) != 0 || death.status != 0)
        return 2;
    envid_t thread = thread_create(inherit_child, arg);
    return thread_join(thread, &death) == 0 && death.status == 0 ? 0 : 3;
}

static int spin(void *arg)
{
    (void)arg;
    for (;;)
        yield();
}

/* Another's limits: stopped, and by who may. */
static void check_other(void)
{
    struct env_limits limits = all_limits();
    envid_t id = thread_create(spin, NULL);

    CHECK_ERROR(env_set_limits(-1, &limits), E_BAD_ENV, "limits_bad_id");
    while (env_record(id)->status == ENV_NOT_RUNNABLE)
        yield();
    CHECK_ERROR(env_set_limits(id, &limits), E_BUSY, "limits_not_stopped");
    CHECK_OK(env_stop(id, 0), "limits_stop");
    limits.priority = 0;
    CHECK_OK(env_set_limits(id, &limits), "limits_stopped");
    limits.priority = 1;
    CHECK_ERROR(env_set_limits(id, &limits), E_PERM, "limits_never_grow");
    thread_kill(id);
}

int main(void)
{
    friend_id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    stranger_id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);
    CHECK_CHILD(syscalls_body, NULL, "limits_syscalls");
    CHECK_CHILD(send_body, NULL, "limits_send");
    CHECK_CHILD(ports_body, NULL, "limits_ports");
    CHECK_CHILD(irqs_body, NULL, "limits_irqs");
    CHECK_CHILD(priority_body, NULL, "limits_priority");
    CHECK_CHILD(frames_body, NULL, "limits_frames");
    CHECK_CHILD(frames_unchanged_body, NULL, "limits_frames_unchanged");
    CHECK_CHILD(priority_inherited_body, NULL, "limits_priority_inherited");
    CHECK_CHILD(inherit_body, NULL, "limits_inherited");
    check_other();
    process_kill(friend_id);
    process_kill(stranger_id);
    return test_status();
}
