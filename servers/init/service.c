/* The servers, see service.h. */
#include "servers/init/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/pager.h"
#include "abi/proc.h"
#include "grain/ipc.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "servers/init/image.h"

#define ALLOW(name) (1ull << SYS_##name)

/* What the library needs to run and to end. */
#define CALLS_LIBRARY \
    (ALLOW(null) | ALLOW(ipc) | ALLOW(log_write) | ALLOW(env_destroy) | ALLOW(aspace_info))

/* Workers in its own space; memory of the processes whose pager it is. */
#define CALLS_PAGER                                                                        \
    (CALLS_LIBRARY | ALLOW(yield) | ALLOW(notify) | ALLOW(env_create) | ALLOW(env_start) | \
     ALLOW(env_write_regs) | ALLOW(env_attach) | ALLOW(env_set_sched) |                    \
     ALLOW(env_set_controller) | ALLOW(page_alloc) | ALLOW(page_map) | ALLOW(page_unmap) | \
     ALLOW(page_protect) | ALLOW(page_copy) | ALLOW(page_info))

/* Envs of processes from beginning to end, their first stack, and what those may do themselves: they
 * inherit its limits. */
#define CALLS_PROC                                                                                \
    (CALLS_LIBRARY | PROC_SYSCALLS | ALLOW(env_create) | ALLOW(env_start) | ALLOW(env_stop) |     \
     ALLOW(env_reap) | ALLOW(env_write_regs) | ALLOW(env_set_pager) | ALLOW(env_set_controller) | \
     ALLOW(page_alloc) | ALLOW(page_map))

/* The archive in its own space. */
#define CALLS_BOOTFS (CALLS_LIBRARY | ALLOW(page_alloc) | ALLOW(page_map) | ALLOW(page_unmap))

#define CALLS_CONSOLE \
    (CALLS_LIBRARY | ALLOW(irq_attach) | ALLOW(irq_ack) | ALLOW(port_in) | ALLOW(port_out))

#define NO_PORTS                \
    {                           \
        {1, 0}, {1, 0}, {1, 0}, \
        {                       \
            1, 0                \
        }                       \
    }
#define LINE_SERIAL (1u << 4)
#define LINE_KEYS   (1u << 1)

#define CONSOLE_FRAMES 256u
#define BOOTFS_FRAMES  512u /* beside the archive's own: last pages, page tables, its program */

#define ARGUMENT_MAX 32u

/* In the order in which they are started. */
struct service services[SERVICES] = {
    {
        .name = "pager",
        .server = SERVER_PAGER,
        .syscalls = CALLS_PAGER,
        .ports = NO_PORTS,
        .sends = true,
    },
    {
        .name = "bootfs",
        .server = SERVER_BOOTFS,
        .restarts = true,
        .syscalls = CALLS_BOOTFS,
        .ports = NO_PORTS,
        .frames = BOOTFS_FRAMES,
    },
    {
        .name = "proc",
        .server = SERVER_PROC,
        .syscalls = CALLS_PROC,
        .ports = NO_PORTS,
        .sends = true,
    },
    {
        .name = "console",
        .server = SERVER_CONSOLE,
        .restarts = true,
        .syscalls = CALLS_CONSOLE,
        .irqs = LINE_SERIAL | LINE_KEYS,
        .ports = {{0x3f8, 0x3ff}, {0x60, 0x60}, {0x64, 0x64}, {0x3d4, 0x3d5}},
        .frames = CONSOLE_FRAMES,
    },
};

struct service *service_find(enum server server)
{
    for (uint32_t i = 0; i < SERVICES; i++) {
        if (services[i].server == server)
            return &services[i];
    }
    return NULL;
}

uint32_t service_bit(const struct service *service)
{
    return 1u << service->server;
}

static envid_t id_of(enum server server)
{
    return service_find(server)->id;
}

struct process_start service_ids(envid_t watcher)
{
    return (struct process_start){
        .magic = PROCESS_START_MAGIC,
        .pager = id_of(SERVER_PAGER),
        .proc = id_of(SERVER_PROC),
        .bootfs = id_of(SERVER_BOOTFS),
        .console = id_of(SERVER_CONSOLE),
        .init = watcher,
    };
}

static uint32_t archive_pages(void)
{
    return (image_module()->size + PAGE_MASK) >> PAGE_SHIFT;
}

/* What a server gets beside its program. */
static int give_memory(const struct service *service, envid_t id)
{
    if (service->server == SERVER_BOOTFS)
        return page_map(0, image_module()->va, id, BOOT_MODULES_VA | PERM_R, archive_pages());
    if (service->server == SERVER_CONSOLE)
        return page_map(0, BOOT_VGA_VA, id, BOOT_VGA_VA | PERM_RW, BOOT_VGA_PAGES);
    return 0;
}

static int set_limits(const struct service *service, envid_t id)
{
    struct env_limits limits = {
        .syscalls = {(uint32_t)service->syscalls, (uint32_t)(service->syscalls >> 32)},
        .send_count = service->sends ? ENV_SEND_ANY : 0,
        .irqs = service->irqs,
        .priority = SCHED_PRIO_DEFAULT,
        .frames = service->frames,
    };

    memcpy(limits.ports, service->ports, sizeof(limits.ports));
    if (service->server == SERVER_BOOTFS)
        limits.frames += archive_pages();
    if (service->server == SERVER_CONSOLE &&
        id_of(SERVER_PROC) != 0) { /* it tells proc of Ctrl-C */
        limits.send_count = 1;
        limits.send_to[0] = id_of(SERVER_PROC);
    }
    return env_set_limits(id, &limits);
}

static envid_t load(const struct service *service)
{
    char first[ARGUMENT_MAX] = "";
    char second[ARGUMENT_MAX] = "";
    const char *argv[] = {service->name, first, second, NULL};
    struct spawn what = {.argv = argv};
    struct image_file file;

    if (!image_find(service->name, &file))
        return 0;
    if (service->server == SERVER_BOOTFS) {
        snprintf(first, sizeof(first), "base=0x%x", BOOT_MODULES_VA);
        snprintf(second, sizeof(second), "size=%u", image_module()->size);
    } else if (service->server == SERVER_CONSOLE) {
        snprintf(first, sizeof(first), "proc=%d", (int)id_of(SERVER_PROC));
    }
    what.image = file.data;
    what.size = file.size;
    envid_t id = spawn_load(&what);
    if (id < 0) {
        printf("init: %s cannot be loaded: %s\n", service->name,
               what.reason != NULL ? what.reason : grain_strerror(id));
        return 0;
    }
    return id;
}

static int let_run(const struct service *service, envid_t id, envid_t controller)
{
    int error = give_memory(service, id);

    if (error == 0)
        error = set_limits(service, id);
    if (error == 0)
        error = env_set_controller(id, controller, service_bit(service));
    if (error == 0)
        error = env_start(id);
    return error;
}

bool service_start(struct service *service, envid_t controller)
{
    envid_t id = load(service);

    if (id == 0)
        return false;
    int error = let_run(service, id, controller);
    if (error < 0) {
        printf("init: %s cannot be started: %s\n", service->name, grain_strerror(error));
        process_kill(id);
        return false;
    }
    __atomic_store_n(&service->id, id, __ATOMIC_RELEASE);
    return true;
}

bool service_wait(const struct service *service)
{
    struct ipc_msg msg = {.w = {SERVER_OP(service->server, 0)}}; /* a call that nobody has */

    return ipc_call(service->id, &msg) > 0 && (int32_t)msg.w[0] == -E_NO_SYS;
}

static bool tell(enum server server, uint32_t label, const struct process_start *ids)
{
    const struct service *service = service_find(server);
    struct ipc_msg msg = {.w = {label}};

    memcpy(utcb()->words, ids, sizeof(*ids));
    int32_t result =
        ipc(IPC_OP_CALL | IPC_SEND_WORDS(sizeof(*ids) / sizeof(uint32_t)), service->id, &msg);
    if (result > 0)
        result = (int32_t)msg.w[0];
    if (result < 0)
        printf("init: %s cannot be set up: %s\n", service->name, grain_strerror(result));
    return result == 0;
}

bool service_set_up(envid_t watcher)
{
    struct process_start ids = service_ids(watcher);

    return tell(SERVER_PAGER, PAGER_SETUP, &ids) && tell(SERVER_PROC, PROC_SETUP, &ids);
}
