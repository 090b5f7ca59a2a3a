/* ps: lists processes. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/layout.h"
#include "apps/error.h"
#include "apps/options.h"
#include "apps/procs.h"

static bool servers_too;

static const struct option list[] = {
    {'a', "all", NULL, "servers too, which have no pid", .flag = &servers_too},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "ps",
    .operands = "",
    .text = "Lists processes: pid, parent's pid, threads, memory in KiB, CPU, processor\n"
            "time (minutes, seconds), name. A process in brackets has ended and is not yet\n"
            "waited for.",
    .list = list,
};

static void print_row(const struct procs_row *row)
{
    char time[16];

    procs_format_time(time, row->time_us);
    if (row->pid == 0)
        printf("%5s %6s %3u %7s %3u %10s %s\n", "-", "-", row->threads, "-", row->cpu, time,
               row->name);
    else if (row->zombie)
        printf("%5u %6u %3s %7s %3s %10s [%s]\n", row->pid, row->parent, "-", "-", "-", "-",
               row->name);
    else
        printf("%5u %6u %3u %7u %3u %10s %s\n", row->pid, row->parent, row->threads,
               row->frames * (PAGE_SIZE / 1024), row->cpu, time, row->name);
}

int main(int argc, char **argv)
{
    static struct procs_row rows[PROCS_MAX];

    options_parse(&command_line, argc, argv);
    int count = procs_read(rows);
    if (count < 0)
        return error_print("no list of processes: %s", grain_strerror(count));
    printf("%5s %6s %3s %7s %3s %10s %s\n", "PID", "PARENT", "THR", "KIB", "CPU", "TIME", "NAME");
    for (int i = 0; i < count; i++) {
        if (rows[i].pid != 0 || servers_too)
            print_row(&rows[i]);
    }
    return EXIT_SUCCESS;
}
