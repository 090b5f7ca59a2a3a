/* lockstat: what a command costs in locks; or, as --top, what goes on, again and again. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "apps/error.h"
#include "apps/keys.h"
#include "apps/lockstat/print.h"
#include "apps/options.h"
#include "grain/process.h"

#define PAUSE_MS           1000u /* between two looks */
#define STATUS_ENDED_BADLY 128   /* killed, or by a fault */

/* Control sequences of a VT100. */
#define CLEAR_ALL  "\033[2J"
#define CLEAR_LINE "\033[K\n"
#define CLEAR_REST "\033[J"
#define HOME       "\033[H"

static const char *class_name;
static uint32_t sites = 10;
static uint32_t rounds;
static bool per_cpu;
static bool histograms;
static bool json;
static bool top;

static const struct option list[] = {
    {'c', "class", "CLASS", "this class of locks alone", .string = &class_name},
    {'n', "sites", "N", "at most N places that take locks (default 10)", .number = &sites,
     .least = 0, .most = OPTIONS_ANY_NUMBER},
    {'p', "per-cpu", NULL, "a line for each CPU, too", .flag = &per_cpu},
    {'g', "histograms", NULL, "how long was waited and held, by powers of two",
     .flag = &histograms},
    {'j', "json", NULL, "everything, as one JSON object in one line", .flag = &json},
    {'t', "top", NULL, "no command: each second what was since; q leaves", .flag = &top},
    {'r', "rounds", "N", "with --top: end after N looks", .number = &rounds, .least = 1,
     .most = OPTIONS_ANY_NUMBER},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "lockstat",
    .operands = "[COMMAND...]",
    .text = "Runs a command and prints what the kernel's locks did meanwhile: how often\n"
            "each class was taken and waited for, how long, and where. Needs a kernel that\n"
            "counts, as object-ticket-full. Ends with the command's status.",
    .list = list,
    .operands_most = 64,
};

static struct reading readings[2];

/* Returns the command's status, or a negated error. */
static int run_command(char *const command[])
{
    int status = 0;
    pid_t pid = spawnv(command[0], command);

    if (pid < 0)
        return pid;
    pid = waitpid(pid, &status, 0);
    if (pid < 0)
        return pid;
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_ENDED_BADLY;
}

static int measure(const struct view *view, char *const command[])
{
    int status;

    stats_take(&readings[0]);
    status = run_command(command);
    stats_take(&readings[1]);
    if (status < 0)
        return error_print("%s: %s", command[0], grain_strerror(status));
    if (json)
        print_json(&readings[0], &readings[1], view, command, status);
    else
        print_tables(&readings[0], &readings[1], view);
    return status;
}

static int watch(const struct view *view)
{
    uint32_t round = 0;
    int error = keys_begin();

    if (error < 0)
        return error_print("no console: %s", grain_strerror(error));
    printf(CLEAR_ALL);
    stats_take(&readings[0]);
    while ((rounds == 0 || round < rounds) && keys_pause(PAUSE_MS)) {
        round++;
        stats_take(&readings[round % 2]);
        printf(HOME);
        print_tables(&readings[(round + 1) % 2], &readings[round % 2], view);
        printf(CLEAR_REST);
        fflush(stdout);
    }
    keys_end();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = options_parse(&command_line, argc, argv);
    struct view view = {.slot = ALL_SLOTS,
                        .sites = sites,
                        .per_cpu = per_cpu,
                        .histograms = histograms,
                        .line_end = top ? CLEAR_LINE : "\n"};

    if (top == (first < argc)) {
        error_print("%s (try --help)", top ? "--top runs no command" : "needs a command, or --top");
        return EXIT_USAGE;
    }
    if (lockstat() == NULL)
        return error_print("this kernel counts no locks: boot object-ticket-full, or build with "
                           "-Dlockstat=full");
    if (class_name != NULL)
        view.slot = stats_find_slot(class_name);
    if (class_name != NULL && view.slot == ALL_SLOTS)
        return error_print("no class of locks %s", class_name);
    return top ? watch(&view) : measure(&view, argv + first);
}
