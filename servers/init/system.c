/* The system's boot, and what runs in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/proc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/time.h"
#include "servers/init/image.h"
#include "servers/init/init.h"
#include "servers/init/service.h"
#include "servers/init/watch.h"
#include "servers/init/words.h"

#define SHELL_STARTS_MAX 5u
#define ORPHANS_US       1000u /* between two looks whether some are left */

static char shell[] = "sh";

/* Starts the servers, pager and proc only if wanted. Without all of them there is no system. */
static void start_services(envid_t watcher, bool processes)
{
    bool good = true;

    for (uint32_t i = 0; i < SERVICES && good; i++) {
        struct service *service = &services[i];

        if (processes || (service->server != SERVER_PAGER && service->server != SERVER_PROC))
            good = service_start(service, watcher);
    }
    if (good && processes)
        good = service_set_up(watcher);
    for (uint32_t i = 0; i < SERVICES && good; i++)
        good = services[i].id == 0 || service_wait(&services[i]);
    if (!good)
        init_halt(true);
}

/* ---- Programs as processes. ---- */

/* All that a program left behind, at whatever distance: ended in one call, so that none of them starts another
 * meanwhile. Nobody can wait for orphans: it is looked until there are none. */
static void end_orphans(void)
{
    struct proc_info info;

    if (kill(PROC_EVERYBODY) < 0)
        return;
    while (process_list(PROC_PID_INIT + 1, &info) > 0) {
        if (waitpid(-1, NULL, WNOHANG) <= 0)
            sleep_us(ORPHANS_US);
    }
}

static void run_process(struct program *program)
{
    struct report_usage before = report_usage_now();
    int status = 0;
    pid_t pid = spawnv(program->name, (char *const *)program->argv);

    if (pid > 0)
        pid = waitpid(pid, &status, 0);
    if (pid < 0)
        report_not_started(program, pid);
    else
        report_status(program, (uint32_t)status);
    end_orphans();
    report_leak(program, &before);
    report_invariants(program);
}

/* Returns false: it cannot be started at all. */
static bool run_shell(uint32_t boot_us)
{
    char boot_time[32];
    char *argv[] = {shell, NULL};
    char *envp[] = {boot_time, NULL};
    int status = 0;

    snprintf(boot_time, sizeof(boot_time), "BOOT_US=%u", (unsigned int)boot_us);
    pid_t pid = spawnve(shell, argv, envp);
    if (pid < 0) {
        printf("init: %s cannot be started: %s\n", shell, grain_strerror(pid));
        return false;
    }
    pid = waitpid(pid, &status, 0);
    end_orphans();
    if (pid > 0 && ((uint32_t)status & ~0xffu) == 0)
        init_halt(false); /* the user has left */
    printf("init: the shell has died (status 0x%x)\n", (unsigned int)status);
    return true;
}

static void run_shells(uint32_t boot_us)
{
    for (uint32_t i = 0; i < SHELL_STARTS_MAX; i++) {
        if (!run_shell(boot_us))
            break;
    }
    init_halt(true);
}

static void run_program(const char *text, bool bare)
{
    struct process_start servers = process_servers;
    struct program program;
    struct image_file file;

    program_from_word(&program, text);
    if (!bare) {
        run_process(&program);
        return;
    }
    if (!image_find(program.name, &file)) {
        report_not_started(&program, -E_EOF);
        return;
    }
    program.image = file.data;
    program.size = file.size;
    program_run(&program, &servers);
}

void system_run(void)
{
    char text[WORD_TEXT_MAX];
    bool bare = words_have("init.bare");
    envid_t watcher = watch_start();
    uint32_t count = 0;

    if (watcher < 0) {
        printf("init: no env to watch the servers: %s\n", grain_strerror(watcher));
        init_halt(true);
    }
    start_services(watcher, !bare);
    process_servers = service_ids(watcher);
    uint32_t boot_us = (uint32_t)time_us();
    watch_set_boot_time(boot_us);
    for (; words_run(count, text); count++)
        run_program(text, bare);
    if (count == 0)
        run_shells(boot_us);
}
