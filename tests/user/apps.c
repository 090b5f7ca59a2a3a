/* Every application as a process of the system: what it ends with, with --help, with good arguments
 * and with bad ones. What they print is for tests/tools/test_session.py to read. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "grain/process.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define WORDS_MAX 8
#define LINE_MAX  80
#define NO_STATUS (-1)

#define JOBS  32
#define JOB   "echo&"
#define TRIES 20u

#define GOOD  0
#define BAD   1
#define USAGE 2

static const char *const apps[] = {
    "cat", "echo",     "forktree", "free", "hello",   "kill", "ls",     "lockstat",
    "ps",  "pingpong", "primes",   "sh",   "sysinfo", "top",  "uptime",
};

struct run {
    const char *id;
    int status;
    const char *line; /* words, a blank between each two */
};

static const struct run runs[] = {
    {"cat_file", GOOD, "cat README.md"},
    {"cat_no_file", BAD, "cat nothing README.md"},
    {"echo", GOOD, "echo some text"},
    {"echo_no_newline", GOOD, "echo -n"},
    {"forktree", GOOD, "forktree -d 2"},
    {"forktree_deep", GOOD, "forktree -q --depth=6"},
    {"forktree_too_deep", USAGE, "forktree -d 9"},
    {"free", GOOD, "free"},
    {"free_pages", GOOD, "free -p"},
    {"hello", GOOD, "hello"},
    {"hello_name", GOOD, "hello Grain"},
    {"hello_names", USAGE, "hello a b"},
    {"kill_nobody", USAGE, "kill"},
    {"kill_no_number", BAD, "kill x"},
    {"kill_no_process", BAD, "kill 999999"},
    {"ls", GOOD, "ls"},
    {"ls_long", GOOD, "ls -l sh README.md"},
    {"ls_no_file", BAD, "ls nothing"},
    {"lockstat_no_command", USAGE, "lockstat"},
    {"lockstat_top_and_command", USAGE, "lockstat --top hello"},
    {"ps", GOOD, "ps"},
    {"ps_all", GOOD, "ps -a"},
    {"pingpong", GOOD, "pingpong -n 100"},
    {"pingpong_no_rounds", USAGE, "pingpong -n 0"},
    {"primes", GOOD, "primes -n 30"},
    {"primes_too_few", USAGE, "primes -n 1"},
    {"sh_no_file", 127, "sh nothing"},
    {"sysinfo", GOOD, "sysinfo"},
    {"sysinfo_operand", USAGE, "sysinfo x"},
    {"top_batch", GOOD, "top -b -d 1 -n 2"},
    {"top_no_delay", USAGE, "top -d 0"},
    {"uptime", GOOD, "uptime"},
};

/* Lines for sh -c. */
static const struct run shell_runs[] = {
    {"sh_nothing", 0, ""},
    {"sh_exit", 3, "exit 3"},
    {"sh_exit_last", 1, "false; exit"},
    {"sh_status", 10, "false; sh -c 'exit '$?; exit $?0"},
    {"sh_program", 0, "hello"},
    {"sh_program_status", 2, "hello a b"},
    {"sh_slash", 0, "/hello"},
    {"sh_not_found", 127, "nothing"},
    {"sh_no_program", 126, "README.md"},
    {"sh_quoted_words", 0, "hello 'one word' && hello \"one word\" && hello one\\ word"},
    {"sh_and", 1, "true && false"},
    {"sh_and_left_out", 1, "false && exit 5"},
    {"sh_or", 0, "false || true"},
    {"sh_or_left_out", 0, "true || exit 5"},
    {"sh_and_or", 4, "false && exit 5 || exit 4"},
    {"sh_syntax", 2, "exit 5; echo 'x"},
    {"sh_background", 0, "hello &"},
    {"sh_background_status", 7, "sh -c 'exit 7' & wait %1"},
    {"sh_background_not_found", 127, "nothing &"},
    {"sh_background_builtin", 2, "true &"},
    {"sh_wait_pid_unknown", 2, "wait 999999"},
    {"sh_kill_job", 137, "top -b & kill %1; wait %1"},
    {"sh_kill_unknown", 1, "kill %7"},
    {"sh_jobs", 0, "hello & jobs"},
    {"sh_time", 6, "time sh -c 'exit 6'"},
    {"sh_time_nothing", 2, "time"},
    {"sh_help", 0, "help"},
    {"sh_many", 0, "hello & hello & hello & hello & wait"},
};

/* Runs a program. Returns its status; NO_STATUS: it could not be started or waited for. */
static int run_words(char *words[])
{
    int status = NO_STATUS;
    pid_t pid = spawnv(words[0], words);

    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        return NO_STATUS;
    return status;
}

static int run_line(const char *line)
{
    char copy[LINE_MAX];
    char *words[WORDS_MAX + 1] = {NULL};
    char *state = copy;
    int count = 0;

    strlcpy(copy, line, sizeof(copy));
    for (char *word = strtok_r(copy, " ", &state); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &state))
        words[count++] = word;
    return run_words(words);
}

static int run_shell(const char *line)
{
    char name[] = "sh";
    char option[] = "-c";
    char copy[LINE_MAX];
    char *words[] = {name, option, copy, NULL};

    strlcpy(copy, line, sizeof(copy));
    return run_words(words);
}

/* echo prints what it does not know. */
static void check_conventions(const char *app)
{
    char id[LINE_MAX];
    char line[LINE_MAX];

    snprintf(line, sizeof(line), "%s --help", app);
    snprintf(id, sizeof(id), "apps_%s_help", app);
    CHECK_EQ(run_line(line), GOOD, id);
    snprintf(line, sizeof(line), "%s --wrong", app);
    snprintf(id, sizeof(id), "apps_%s_wrong_option", app);
    CHECK_EQ(run_line(line), strcmp(app, "echo") == 0 ? GOOD : USAGE, id);
}

static void check_runs(const struct run *list, size_t count, int (*run)(const char *line))
{
    char id[LINE_MAX];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "apps_%s", list[i].id);
        CHECK_EQ(run(list[i].line), list[i].status, id);
    }
}

/* One job more than a script's shell can know at a time, and something in between for the first ones to end. How long
 * they take is not said: some tries. */
static bool many_jobs_run(void)
{
    char name[] = "sh";
    char option[] = "-c";
    char line[JOBS * sizeof(JOB) + LINE_MAX] = "";
    char *words[] = {name, option, line, NULL};

    for (uint32_t i = 0; i < JOBS; i++)
        strlcpy(line + strlen(line), JOB, sizeof(line) - strlen(line));
    strlcpy(line + strlen(line), "hello;hello;hello;" JOB, sizeof(line) - strlen(line));
    for (uint32_t i = 0; i < TRIES; i++) {
        if (run_words(words) == GOOD)
            return true;
    }
    return false;
}

int main(void)
{
    for (size_t i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
        check_conventions(apps[i]);
    check_runs(runs, sizeof(runs) / sizeof(runs[0]), run_line);
    CHECK_EQ(run_line("pingpong -2 -n 100"), sysinfo()->ncpus > 1 ? GOOD : BAD,
             "apps_pingpong_two_cpus");
    check_runs(shell_runs, sizeof(shell_runs) / sizeof(shell_runs[0]), run_shell);
    CHECK(many_jobs_run(), "apps_sh_jobs_that_ended_make_room");
    return test_status();
}
