/* exec and spawn: programs with arguments, and those that cannot be run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/process.h"
#include "grain/server.h"
#include "grain/thread.h"
#include "tests/system/system.h"

#define LONG_ARGUMENT 20000u

static char x[] = "X=1", y[] = "Y=";
static char *const small_env[] = {x, y, NULL};
static char name[] = CHILD;

/* ---- In a child that becomes another program: returns only if it does not. ---- */

static char word_status[] = "status", word_args[] = "args", word_fresh[] = "fresh",
            word_pid[] = "pid", word_42[] = "42", word_ab[] = "a b", word_empty[] = "";

static int become_status(uintptr_t arg)
{
    char *const argv[] = {name, word_status, word_42, NULL};

    (void)arg;
    return -execv(CHILD, argv);
}

static int become_args(uintptr_t arg)
{
    char *const argv[] = {name, word_args, word_ab, word_empty, NULL};

    (void)arg;
    return -execve(CHILD, argv, small_env);
}

static int become_fresh(uintptr_t arg)
{
    char *const argv[] = {name, word_fresh, NULL};

    (void)arg;
    utcb_local()->program[0] = 1;
    utcb_local()->jos[0] = 1;
    return -execv(CHILD, argv);
}

static int become_same_pid(uintptr_t arg)
{
    char pid[12];
    char *const argv[] = {name, word_pid, pid, NULL};

    (void)arg;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    return -execv(CHILD, argv);
}

static int spin(void *arg)
{
    for (;;)
        *(volatile uint32_t *)arg += 1;
}

static int block(void *arg)
{
    (void)arg;
    for (;;)
        sleep(1000);
}

/* With threads that run, on this CPU and others, and that wait. */
static int become_with_threads(uintptr_t from_thread)
{
    static uint32_t counts[3];
    envid_t first = thread_create(block, NULL);

    for (uint32_t i = 0; i < 3 && first > 0; i++)
        first = thread_create(spin, &counts[i]);
    if (first < 0)
        return 100;
    if (!from_thread)
        return become_status(0);
    envid_t other = thread_create((int (*)(void *))(uintptr_t)become_status, NULL);
    (void)thread_join(other, NULL);
    return 101;
}

static void check_exec(void)
{
    CHECK_EQ(child_run(become_status, 0), 42, "exec_runs");
    CHECK_EQ(child_run(become_args, 0), 0, "exec_arguments");
    CHECK_EQ(child_run(become_fresh, 0), 0, "exec_message_page");
    CHECK_EQ(child_run(become_same_pid, 0), 0, "exec_keeps_pid");
    CHECK_EQ(child_run(become_with_threads, 0), 42, "exec_with_threads");
    CHECK_EQ(child_run(become_with_threads, 1), 42, "exec_by_thread");
}

/* ---- What cannot be run; nothing has changed then. ---- */

static void check_errors(void)
{
    char *const argv[] = {name, word_status, NULL};
    char *const none[] = {NULL};
    static char long_text[LONG_ARGUMENT + 1];
    char *const long_argv[] = {name, long_text, NULL};
    char *many[PROC_ARGC_MAX + 2];

    memset(long_text, 'x', LONG_ARGUMENT); /* the last one stays 0 */
    for (uint32_t i = 0; i < PROC_ARGC_MAX + 1; i++)
        many[i] = name;
    many[PROC_ARGC_MAX + 1] = NULL;
    CHECK_ERROR(execv("missing", argv), E_EOF, "exec_missing");
    CHECK_ERROR(execv("", argv), E_EOF, "exec_no_name");
    CHECK_ERROR(execv("README.md", argv), E_INVAL, "exec_broken");
    CHECK_ERROR(execv(CHILD, none), E_INVAL, "exec_no_argument_0");
    CHECK_ERROR(execv(CHILD, long_argv), E_INVAL, "exec_long_argument");
    CHECK_ERROR(execv(CHILD, many), E_INVAL, "exec_many_arguments");
    CHECK_ERROR(spawnv("missing", argv), E_EOF, "spawn_missing");
    CHECK_ERROR(spawnv("README.md", argv), E_INVAL, "spawn_broken");
    CHECK_ERROR(spawn_limited(CHILD, argv, environ, 0xffffffff), E_PERM, "spawn_too_many_frames");
    CHECK_ERROR(wait(NULL), E_BAD_ENV, "spawn_no_child_left");
}

/* Arguments that are not what they say. */
static int spawn_raw(uint32_t bytes, uint32_t argc, uint32_t envc, const char *text)
{
    static char pages[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    const struct proc_args head = {bytes, argc, envc};
    struct ipc_msg msg = {.w = {PROC_SPAWN}};

    memset(pages, 'x', sizeof(pages));
    memcpy(pages, &head, sizeof(head));
    memcpy(pages + sizeof(head), text, strlen(text) + 1);
    ipc_set_pages((uintptr_t)pages, 1, PERM_R);
    return server_call(SERVER_PROC, IPC_PAGES, &msg, NULL);
}

static void check_raw(void)
{
    struct ipc_msg msg = {.w = {PROC_SPAWN}};

    CHECK_ERROR(spawn_raw(5000, 1, 0, "hello"), E_INVAL, "spawn_raw_bytes");
    CHECK_ERROR(spawn_raw(0xffffffff, 1, 0, "hello"), E_INVAL, "spawn_raw_bytes_wrap");
    CHECK_ERROR(spawn_raw(6, 1, 0, "hello"), E_INVAL, "spawn_raw_argument_missing");
    CHECK_ERROR(spawn_raw(4084, 2, 0, "hello"), E_INVAL, "spawn_raw_no_end");
    CHECK_ERROR(spawn_raw(100, 0xffffffff, 2, "hello"), E_INVAL, "spawn_raw_argc");
    CHECK_ERROR(spawn_raw(100, 1, 0xffffffff, "hello"), E_INVAL, "spawn_raw_envc");
    CHECK_ERROR(spawn_raw(0, 1, 0, ""), E_INVAL, "spawn_raw_empty");
    CHECK_ERROR(server_call(SERVER_PROC, 0, &msg, NULL), E_INVAL, "spawn_raw_no_pages");
}

static void check_spawn(void)
{
    const char *const status[] = {CHILD, "status", "17", NULL};
    char *const args[] = {name, word_args, word_ab, word_empty, NULL};

    CHECK_EQ(program_run(status, 0), 17, "spawn_runs");
    CHECK_EQ(child_end(spawnve("/" CHILD, args, small_env)), 0, "spawn_arguments");
}

int main(void)
{
    check_exec();
    check_errors();
    check_raw();
    check_spawn();
    return test_status();
}
