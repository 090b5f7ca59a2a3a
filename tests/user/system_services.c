/* bootfs and console as processes of the full system see them: text frames shared by all that run a program,
 * clients that are killed, servers that die and are started again (under the boot word init.test). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/init.h"
#include "grain/bootfs.h"
#include "grain/console.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define COPIES        4u
#define DYING_CLIENTS 20u
#define WINDOW        0x60000000u

#define RUNNERS  3u
#define PROGRAMS 30u
#define KILLS    3u /* and one before: init does not start it more than five times */

static uint32_t text_refs(void)
{
    return PAGE_INFO_REFS(page_info(0, (uintptr_t)text_refs & ~(uintptr_t)PAGE_MASK));
}

/* A worker of the pager that loads the page has it in its own window for a moment: what counts is what stays. */
static bool wait_for_refs(uint32_t wanted)
{
    uint32_t looks = 0;

    for (uint32_t i = 0; i < TEST_PATIENCE_MS / 10 && looks < 2; i++) {
        looks = text_refs() == wanted ? looks + 1 : 0;
        sleep_us(10000);
    }
    return looks == 2;
}

/* Each further process that runs this page of text adds one reference to the one frame that there is. */
static void test_text_is_shared(void)
{
    char *const argv[] = {(char *)(uintptr_t)program_name, (char *)(uintptr_t) "wait", NULL};
    uint32_t before = text_refs();
    pid_t copies[COPIES];
    bool spawned = true;

    for (uint32_t i = 0; i < COPIES; i++) {
        copies[i] = spawnv(program_name, argv);
        spawned = spawned && copies[i] > 0;
    }
    CHECK(spawned, "text_copies_run");
    CHECK(wait_for_refs(before + COPIES), "text_frames_are_shared");
    for (uint32_t i = 0; i < COPIES; i++) {
        if (copies[i] > 0 && kill(copies[i]) == 0)
            (void)waitpid(copies[i], NULL, 0);
    }
    CHECK(wait_for_refs(before), "text_frames_are_given_back");
}

/* The page that bootfs hands out is the very frame that runs. */
static void test_text_is_the_file(void)
{
    struct bootfs_file file;
    uint32_t before = text_refs();

    if (!CHECK_OK(bootfs_open(program_name, &file), "text_file_open"))
        return;
    int pages = bootfs_map(file.number, 0, IPC_PAGES_MAX, WINDOW);
    CHECK(pages > 0, "text_file_mapped");
    CHECK_EQ(text_refs(), before + 1, "text_frames_are_the_files");
    (void)page_unmap(0, WINDOW, IPC_PAGES_MAX);
}

static _Noreturn void call_for_ever(uint32_t which)
{
    char text[16];

    for (;;) {
        if (which == 0)
            (void)bootfs_map(0, 0, 4, WINDOW);
        else
            (void)console_read(text, sizeof(text), which == 1 ? CONSOLE_NOWAIT : CONSOLE_WAIT);
    }
}

static bool servers_answer(void)
{
    struct bootfs_file file;

    return bootfs_open(program_name, &file) == 0 && console_set_mode(CONSOLE_COOKED) >= 0;
}

static void test_killed_clients(void)
{
    bool killed = true;

    for (uint32_t i = 0; i < DYING_CLIENTS; i++) {
        pid_t child = fork();

        if (child == 0)
            call_for_ever(i % 3);
        sleep_us(i * 100);
        killed = killed && child > 0 && kill(child) == 0 && waitpid(child, NULL, 0) == child;
    }
    CHECK(killed && servers_answer(), "services_survive_killed_clients");
}

static int init_call(uint32_t label, uint32_t argument, uint32_t *value)
{
    struct ipc_msg msg = {.w = {label, argument}};
    int error = server_call(SERVER_INIT, 0, &msg, NULL);

    *value = msg.w[1];
    return error;
}

static void test_init(void)
{
    uint32_t value;

    CHECK_OK(init_call(INIT_SERVER, SERVER_BOOTFS, &value), "init_server");
    CHECK_EQ(value, process_servers.bootfs, "init_server_id");
    CHECK_ERROR(init_call(INIT_SERVER, 99, &value), E_INVAL, "init_server_unknown");
    CHECK_ERROR(init_call(INIT_KILL + 1, 0, &value), E_NO_SYS, "init_unknown_call");
    CHECK(init_call(INIT_BOOT_TIME, 0, &value) == 0 && value != 0, "init_boot_time");
}

/* A client that waits at the server when it dies, and one that comes later, both find the new one. */
static void test_restart_bootfs(void)
{
    envid_t old = process_servers.bootfs;
    uint32_t value;

    CHECK_OK(init_call(INIT_KILL, SERVER_BOOTFS, &value), "bootfs_killed");
    CHECK(servers_answer(), "bootfs_answers_again");
    CHECK(process_servers.bootfs != old, "bootfs_is_another");
    pid_t child = spawnv("hello", (char *const[]){(char *)(uintptr_t) "hello", NULL});
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0,
          "bootfs_new_one_serves_the_pager");
}

/* Runs programs, one after the other, whose pages it has to load. */
static int run_programs(void)
{
    char *const argv[] = {(char *)(uintptr_t) "echo", (char *)(uintptr_t) "-n", NULL};
    int status = -1;

    for (uint32_t i = 0; i < PROGRAMS; i++) {
        pid_t child = spawnv("echo", argv);

        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            return child < 0 ? -child : 100;
    }
    return 0;
}

/* Programs are started and load their pages while bootfs dies, again and again. */
static void test_restart_under_load(void)
{
    pid_t runners[RUNNERS];
    uint32_t value;
    int status = -1;
    bool good = true;

    for (uint32_t i = 0; i < RUNNERS; i++) {
        runners[i] = fork();
        if (runners[i] == 0)
            exit(run_programs());
        good = good && runners[i] > 0;
    }
    CHECK(good, "load_runs");
    for (uint32_t i = 0; i < KILLS; i++) {
        sleep_us(20000);
        good = init_call(INIT_KILL, SERVER_BOOTFS, &value) == 0 && good;
        good = servers_answer() && good;
    }
    CHECK(good, "load_bootfs_killed");
    for (uint32_t i = 0; i < RUNNERS; i++) {
        CHECK_EQ(waitpid(runners[i], &status, 0), runners[i], "load_ends");
        CHECK_EQ(status, 0, "load_survives_bootfs");
    }
}

static void test_restart_console(void)
{
    envid_t old = process_servers.console;
    char text[16];
    uint32_t value;
    pid_t child = fork();

    if (child ==
        0) { /* waits for input at the old one, then at the new one, which it tells by the time out */
        int result;

        do
            result = console_read(text, sizeof(text), 500);
        while (result == -E_TIMEOUT && process_servers.console == old);
        exit(result == -E_TIMEOUT && process_servers.console != old ? 0 : 1);
    }
    sleep_us(100000);
    CHECK_OK(init_call(INIT_KILL, SERVER_CONSOLE, &value), "console_killed");
    CHECK(servers_answer(), "console_answers_again");
    CHECK(process_servers.console != old, "console_is_another");
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0,
          "console_reader_goes_on_at_the_new_one");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "wait") == 0) {
        (void)text_refs(); /* maps the page */
        for (;;)
            sleep_us(1000000);
    }
    test_text_is_shared();
    test_text_is_the_file();
    test_killed_clients();
    test_init();
    test_restart_bootfs();
    test_restart_under_load();
    test_restart_console();
    return test_status();
}
