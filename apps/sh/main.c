/* sh: reads lines and runs them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/proc.h"
#include "apps/options.h"
#include "apps/sh/input.h"
#include "apps/sh/parse.h"
#include "apps/sh/shell.h"
#include "apps/sh/status.h"
#include "grain/console.h"
#include "grain/windows.h"

#define PROMPT    "grain$ "
#define ERROR_MAX 200

struct shell shell;

static const char *command;

static const struct option list[] = {
    {'c', "command", "LINE", "run this line", .string = &command},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "sh",
    .operands = "[FILE]",
    .text = "Runs commands: those of a file of the boot image, or those that are typed. The\n"
            "command help says which there are.",
    .list = list,
    .operands_most = 1,
};

/* The line is made first and written at once: those of several programs do not mix. */
int shell_error(const char *fmt, ...)
{
    char line[ERROR_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    fprintf(stderr, "sh: %s\n", line);
    return STATUS_USAGE;
}

/* A program may have left the console raw, or been ended while it was; and a console that was started again does
 * not know yet who directs Ctrl-C. */
static void prompt(void)
{
    (void)console_set_foreground(0);
    (void)console_set_mode(CONSOLE_COOKED);
    wait_report();
    printf(PROMPT);
    stdout_flush();
}

/* init tells its first process how long the boot took. */
static void greet(void)
{
    const char *boot_us = getenv("BOOT_US");

    if (boot_us != NULL && getppid() == (pid_t)PROC_PID_INIT)
        printf("Grain %s, booted in %lu ms. help says what there is.\n", sysinfo()->version,
               strtoul(boot_us, NULL, 10) / 1000);
}

static void run_lines(int fd)
{
    static struct input input;
    char line[PARSE_LINE_MAX];

    input.fd = fd;
    while (!shell.leaving) {
        if (shell.interactive)
            prompt();
        switch (input_line(&input, line, sizeof(line))) {
        case INPUT_LINE:
            run_line(line);
            break;
        case INPUT_TOO_LONG:
            shell.status = shell_error("the line is too long");
            break;
        case INPUT_ERROR:
            shell.status = shell_error("cannot read");
            return;
        case INPUT_END:
            return;
        }
    }
}

static int run_file(const char *name)
{
    int fd = open(name, O_RDONLY);

    if (fd < 0) {
        shell_error("%s: %s", name, fd == -E_EOF ? "there is no such file" : grain_strerror(fd));
        return STATUS_NOT_FOUND;
    }
    run_lines(fd);
    (void)close(fd);
    return shell.status;
}

int main(int argc, char **argv)
{
    int first = options_parse(&command_line, argc, argv);

    if (command != NULL) {
        run_line(command);
        return shell.status;
    }
    if (first < argc)
        return run_file(argv[first]);
    shell.interactive = true;
    greet();
    run_lines(STDIN_FILENO);
    return shell.status;
}
