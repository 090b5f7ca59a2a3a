/* What runs now, see apps/procs.h. Names and relations come from proc, times from the kernel's
 * read-only table of envs: each row is right by itself, not all of them at one instant. */
#include "apps/procs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "grain/process.h"
#include "grain/server.h"
#include "grain/windows.h"

/* What the kernel says of a row's envs. */
static void set_envs(struct procs_row *row)
{
    const struct env_public *first = env_record(row->env);
    uint32_t aspace = first->aspace;

    row->cpu = first->cpu;
    row->threads = 0;
    row->aspace = first->id == row->env ? aspace : 0;
    for (int32_t i = 0; row->aspace != 0 && i < (int32_t)ENV_MAX; i++) {
        const struct env_public *record = env_record(i);

        if (record->status == ENV_FREE || record->aspace != row->aspace)
            continue;
        row->time_us += record->time_us;
        row->runs += record->runs;
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
        set_envs(row);
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
        set_envs(row);
}

/* init is a process too: its row as a server goes. Returns how many rows are left. */
static int drop_double(struct procs_row *rows, int count)
{
    const struct procs_row *last = &rows[count - 1];

    for (int i = 0; last->aspace != 0 && i < count - 1; i++) {
        if (rows[i].aspace != last->aspace)
            continue;
        memmove(&rows[i], &rows[i + 1], (size_t)(count - i - 1) * sizeof(rows[0]));
        return count - 1;
    }
    return count;
}

int procs_read(struct procs_row *rows)
{
    int count = read_servers(rows);
    struct proc_info info = {.pid = 0};
    int result = 0;

    while (count < (int)PROCS_MAX && (result = process_list((pid_t)info.pid + 1, &info)) >= 0) {
        set_process(&rows[count], &info);
        count = drop_double(rows, count + 1);
    }
    return result < 0 && result != -E_EOF ? result : count;
}

void procs_format_time(char text[16], uint32_t us)
{
    uint32_t hundredths = us / 10000;

    snprintf(text, 16, "%u:%02u.%02u", hundredths / 6000, hundredths / 100 % 60, hundredths % 100);
}
