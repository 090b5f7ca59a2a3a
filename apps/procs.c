/* What runs now, see apps/procs.h. Names and relations come from proc, times from the kernel's
 * read-only table of envs: each row is right by itself, not all of them at one instant. */
#include "apps/procs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "grain/process.h"
#include "grain/server.h"
#include "grain/windows.h"

/* The address space that a row's envs share; 0: none, the process has ended. */
static uint32_t aspace_of(envid_t env)
{
    const struct env_public *record = env_record(env);
    uint32_t aspace = record->aspace;

    return record->id == env ? aspace : 0;
}

static void set_cpu_and_time(struct procs_row *row)
{
    uint32_t aspace = aspace_of(row->env);

    row->cpu = env_record(row->env)->cpu;
    row->threads = 0;
    for (int32_t i = 0; aspace != 0 && i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->status == ENV_FREE || record->aspace != aspace)
            continue;
        row->time_us += record->time_us;
        row->threads++;
    }
}

static int read_servers(struct procs_row *rows)
{
    const struct {
        const char *name;
        envid_t env;
    } servers[] = {
        {"init", process_servers.init},       {"pager", process_servers.pager},
        {"proc", process_servers.proc},       {"bootfs", process_servers.bootfs},
        {"console", process_servers.console},
    };
    int count = 0;

    for (uint32_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct procs_row *row = &rows[count];

        if (servers[i].env == 0)
            continue;
        *row = (struct procs_row){.env = servers[i].env};
        strlcpy(row->name, servers[i].name, sizeof(row->name));
        set_cpu_and_time(row);
        count++;
    }
    return count;
}

static void set_process(struct procs_row *row, const struct proc_info *info)
{
    *row = (struct procs_row){
        .pid = info->pid,
        .parent = info->parent,
        .env = info->env,
        .frames = info->frames,
        .zombie = info->state == PROC_ZOMBIE,
    };
    strlcpy(row->name, info->name, sizeof(row->name));
    if (!row->zombie)
        set_cpu_and_time(row);
}

int procs_read(struct procs_row *rows)
{
    int count = read_servers(rows);
    struct proc_info info = {.pid = 0};
    int result = 0;

    while (count < (int)PROCS_MAX && (result = process_list((pid_t)info.pid + 1, &info)) >= 0)
        set_process(&rows[count++], &info);
    return result < 0 && result != -E_EOF ? result : count;
}

void procs_format_time(char text[16], uint32_t us)
{
    uint32_t hundredths = us / 10000;

    snprintf(text, 16, "%u:%02u.%02u", hundredths / 6000, hundredths / 100 % 60, hundredths % 100);
}
