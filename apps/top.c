/* top: load of the CPUs and the busiest processes, again and again in the same place. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/error.h"
#include "apps/keys.h"
#include "apps/load.h"
#include "apps/options.h"
#include "apps/procs.h"
#include "grain/notify.h"
#include "grain/syscall.h"
#include "grain/time.h"
#include "grain/windows.h"

#define SCREEN_LINES 24u
#define ROWS_LEAST   4u /* processes shown, however many CPUs there are */
#define BAR_WIDTH    24u

/* Control sequences of a VT100. */
#define CLEAR_ALL  "\033[2J"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"
#define HOME       "\033[H"

/* One look at the system. */
struct sample {
    uint32_t at;
    struct load_reading cpus[SYSINFO_CPUS];
    int count;
    struct procs_row rows[PROCS_MAX];
};

struct usage {
    const struct procs_row *row;
    uint32_t permille; /* of one CPU */
    uint32_t runs;     /* a second */
};

static uint32_t delay = 2;
static uint32_t rounds;
static bool batch;

static const struct option list[] = {
    {'d', "delay", "SECONDS", "between two looks, 1 to 60 (default 2)", .number = &delay,
     .least = 1, .most = 60},
    {'n', "rounds", "N", "end after N looks (default: never)", .number = &rounds, .least = 1,
     .most = OPTIONS_ANY_NUMBER},
    {'b', "batch", NULL, "look after look below each other, no keys", .flag = &batch},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "top",
    .operands = "",
    .text = "Shows each CPU's load and the processes that use most processor time, or run\n"
            "most often. q or Ctrl-C leaves, any other key looks again at once.",
    .list = list,
};

static int take_sample(struct sample *sample)
{
    uint32_t ncpus = sysinfo()->ncpus;

    sample->at = (uint32_t)time_us();
    for (uint32_t i = 0; i < ncpus && i < SYSINFO_CPUS; i++)
        sample->cpus[i] = load_read(&sysinfo()->cpus[i], (uint32_t)time_us());
    sample->count = procs_read(sample->rows);
    return sample->count < 0 ? sample->count : 0;
}

/* The same process or server in an earlier sample; one that began since had nothing then. */
static const struct procs_row *row_before(const struct sample *before, envid_t env)
{
    static const struct procs_row none;

    for (int i = 0; i < before->count; i++) {
        if (before->rows[i].env == env)
            return &before->rows[i];
    }
    return &none;
}

/* What was added to a sum over the threads; one that ended in between took its part along. */
static uint32_t growth(uint32_t before, uint32_t now)
{
    int32_t added = (int32_t)(now - before);

    return added < 0 ? 0 : (uint32_t)added;
}

static struct usage usage_of(const struct procs_row *row, const struct sample *before,
                             uint32_t elapsed)
{
    const struct procs_row *old = row_before(before, row->env);
    uint64_t runs = growth(old->runs, row->runs);

    return (struct usage){
        .row = row,
        .permille = permille(growth(old->time_us, row->time_us), elapsed),
        .runs = elapsed == 0 ? 0 : (uint32_t)(runs * 1000000 / elapsed),
    };
}

static int compare_usage(const void *a, const void *b)
{
    const struct usage *x = a;
    const struct usage *y = b;

    if (x->permille != y->permille)
        return x->permille > y->permille ? -1 : 1;
    if (x->runs != y->runs)
        return x->runs > y->runs ? -1 : 1;
    return x->row->env < y->row->env ? -1 : x->row->env > y->row->env;
}

static void end_line(void)
{
    printf("%s\n", batch ? "" : CLEAR_LINE);
}

static void print_summary(const struct sample *sample)
{
    struct kernel_counters counters = {.envs = 0};
    uint32_t seconds = (uint32_t)(time_us() / 1000000);

    kernel_info(&counters);
    printf("up %u:%02u:%02u   %d processes and servers, %u envs   %u of %u KiB free",
           seconds / 3600, seconds / 60 % 60, seconds % 60, sample->count, counters.envs,
           counters.free_frames * (PAGE_SIZE / 1024), counters.total_frames * (PAGE_SIZE / 1024));
    end_line();
}

static void print_cpu(uint32_t cpu, const struct sample *before, const struct sample *now)
{
    uint32_t load = load_permille(before->cpus[cpu], now->cpus[cpu]);
    char bar[BAR_WIDTH + 1];

    load_bar(bar, BAR_WIDTH, load);
    printf("CPU %2u %3u.%u%% %s", cpu, load / 10, load % 10, bar);
}

/* Two a line. Returns how many lines. */
static uint32_t print_cpus(const struct sample *before, const struct sample *now)
{
    uint32_t ncpus = sysinfo()->ncpus < SYSINFO_CPUS ? sysinfo()->ncpus : SYSINFO_CPUS;

    for (uint32_t cpu = 0; cpu < ncpus; cpu += 2) {
        print_cpu(cpu, before, now);
        if (cpu + 1 < ncpus) {
            printf("   ");
            print_cpu(cpu + 1, before, now);
        }
        end_line();
    }
    return (ncpus + 1) / 2;
}

static void print_usage(const struct usage *usage)
{
    const struct procs_row *row = usage->row;
    char pid[12] = "-";
    char time[16];

    if (row->pid != 0)
        snprintf(pid, sizeof(pid), "%u", row->pid);
    procs_format_time(time, row->time_us);
    printf("%5s %3u.%u%% %7u %3u %3u %7u %10s %s", pid, usage->permille / 10, usage->permille % 10,
           usage->runs, row->cpu, row->threads, row->frames * (PAGE_SIZE / 1024), time, row->name);
    end_line();
}

static void print_processes(const struct sample *before, const struct sample *now, uint32_t lines)
{
    static struct usage usages[PROCS_MAX];
    uint32_t count = (uint32_t)now->count;

    for (uint32_t i = 0; i < count; i++)
        usages[i] = usage_of(&now->rows[i], before, now->at - before->at);
    qsort(usages, count, sizeof(usages[0]), compare_usage);
    printf("%5s %6s %7s %3s %3s %7s %10s %s", "PID", "LOAD", "RUNS/S", "CPU", "THR", "KIB", "TIME",
           "NAME");
    end_line();
    for (uint32_t i = 0; i < count && i < lines; i++)
        print_usage(&usages[i]);
}

static void print_screen(const struct sample *before, const struct sample *now)
{
    printf("%s", batch ? "" : HOME);
    print_summary(now);
    uint32_t used = print_cpus(before, now) + 3; /* summary, heading, the line with the cursor */
    print_processes(before, now,
                    used + ROWS_LEAST < SCREEN_LINES ? SCREEN_LINES - used : ROWS_LEAST);
    printf("%s", batch ? "\n" : CLEAR_REST);
    stdout_flush();
}

/* Lets the delay pass. Returns false when the user wants to leave. */
static bool pause_or_leave(void)
{
    if (!batch)
        return keys_pause(delay * 1000);
    sleep_us(delay * 1000000);
    return true;
}

/* The first look shows what has been since the kernel started. */
static int watch(void)
{
    static struct sample samples[2];
    uint32_t round = 0;

    do {
        struct sample *now = &samples[round % 2];
        int result = take_sample(now);

        if (result < 0)
            return result;
        print_screen(&samples[(round + 1) % 2], now);
        round++;
    } while (round != rounds && pause_or_leave());
    return 0;
}

int main(int argc, char **argv)
{
    options_parse(&command_line, argc, argv);
    if (!batch) {
        int error = keys_begin();

        if (error < 0)
            return error_print("no console (try --batch): %s", grain_strerror(error));
        printf(CLEAR_ALL);
    }
    int result = watch();
    if (!batch)
        keys_end();
    return result < 0 ? error_print("%s", grain_strerror(result)) : EXIT_SUCCESS;
}
