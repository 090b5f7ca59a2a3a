/* From crt0.S to main(), and the ways out. */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/proc.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "libuser/internal.h"

char **environ;
const char *program_name = "?";

_Noreturn void libuser_start(int argc, char **argv, char **envp,
                             const struct process_start *servers);

void libuser_start(int argc, char **argv, char **envp, const struct process_start *servers)
{
    /* After an exec the message page is that of the program before. */
    memset(utcb_local(), 0, sizeof(*utcb_local()));
    environ = envp;
    if (servers != NULL && servers->magic == PROCESS_START_MAGIC)
        process_servers = *servers;
    if (argc > 0)
        program_name = argv[0];
    exit(main(argc, argv, envp));
}

static _Noreturn void end_self(int status)
{
    stdout_flush();
    for (;;)
        (void)env_destroy(0, (uint32_t)status);
}

/* The env that somebody outside waits for when he waits for the program: its controller is not of
 * the program itself. */
static bool is_first(envid_t id, uint32_t aspace)
{
    const struct env_public *controller = env_record(env_record(id)->controller);

    return controller->id != env_record(id)->controller || controller->aspace != aspace;
}

/* Nobody will wait for the program's other envs: their slots are to be free when they end. A record
 * may change under the reader, but an id that went stale is E_BAD_ENV, no harm. */
static void end_siblings(int status)
{
    envid_t self = env_self();
    uint32_t aspace = env_record(self)->aspace;

    for (int32_t i = 0; i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);
        envid_t id = record->id;

        if (record->aspace != aspace || record->status == ENV_FREE)
            continue;
        if (!is_first(id, aspace))
            (void)env_set_controller(id, self, 0);
        if (id != self)
            (void)env_destroy(id, (uint32_t)status);
    }
}

void exit(int status)
{
    struct aspace_usage usage;

    stdout_flush();
    if (process_is_managed()) {
        struct ipc_msg msg = {.w = {PROC_EXIT, (uint32_t)status & 0xffu}};

        (void)server_call(SERVER_PROC, 0, &msg, NULL);
    }
    if (aspace_info(0, &usage) == 0 && usage.envs > 1)
        end_siblings(status);
    end_self(status);
}

void abort(void)
{
    exit(EXIT_ABORTED);
}

void assert_failed(const char *condition, const char *file, int line, const char *function)
{
    printf("%s: %s:%d: %s: assertion failed: %s\n", program_name, file, line, function, condition);
    abort();
}

char *getenv(const char *name)
{
    size_t len = strlen(name);

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    }
    return NULL;
}
