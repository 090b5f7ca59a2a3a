/* Who may do what at the console, from the side of a shell and of others: reading, and how input comes. What a
 * person types and sees is in tests/tools/test_session.py, the queue and the mode by themselves in tests/unit. */
#include <errno.h>
#include <stdlib.h>

#include "grain/console.h"
#include "grain/memory.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/thread.h"
#include "grain/time.h"
#include "grain/windows.h"
#include "tests/system/system.h"

/* Together more than the console lets wait, and each less than a process has room for stacks. */
#define FILLERS 3u
#define THREADS 22u

static int wait_for_input(void *arg)
{
    char text[16];

    (void)arg;
    return console_read(text, sizeof(text), CONSOLE_WAIT);
}

static int read_now(void)
{
    char text[16];

    return console_read(text, sizeof(text), CONSOLE_NOWAIT);
}

/* ---- In children of the one who directs the console, or before there is one. ---- */

static int sleep_on(uintptr_t arg)
{
    (void)arg;
    for (;;)
        sleep(1000);
}

static int fill_queue(uintptr_t arg)
{
    for (uint32_t i = 0; i < THREADS; i++) {
        if (thread_create(wait_for_input, NULL) < 0)
            return 1;
    }
    return sleep_on(arg);
}

/* Waits until there is no room for one in the background. */
static int see_full(uintptr_t arg)
{
    int result;

    (void)arg;
    while ((result = read_now()) == -E_TIMEOUT)
        sleep_us(1000);
    return result == -E_BUSY ? 0 : 1;
}

static int wait_as_shell(uintptr_t word)
{
    *word_at(word) = console_set_foreground(0) == 0 ? 1 : 2;
    return wait_for_input(NULL);
}

/* Whether it may not set the mode. */
static int set_raw(uintptr_t arg)
{
    (void)arg;
    return console_set_mode(CONSOLE_RAW) == -E_PERM ? 1 : 0;
}

static int stay_raw(uintptr_t word)
{
    *word_at(word) = console_set_mode(CONSOLE_RAW) == CONSOLE_COOKED ? 1 : 2;
    return sleep_on(word);
}

static uint32_t wait_for_word(uintptr_t va)
{
    while (*word_at(va) == 0)
        sleep_us(1000);
    return *word_at(va);
}

static pid_t start_and_wait(int (*fn)(uintptr_t arg), uintptr_t word, uint32_t *said)
{
    *word_at(word) = 0;
    pid_t pid = child_start(fn, word);
    *said = pid < 0 ? 0 : wait_for_word(word);
    return pid;
}

static void end(pid_t pid)
{
    (void)kill(pid);
    (void)child_end(pid);
}

/* ---- What the one who directs it sees, and others. ---- */

static void check_full_queue(void)
{
    pid_t pids[FILLERS];

    for (uint32_t i = 0; i < FILLERS; i++)
        pids[i] = child_start(fill_queue, 0);
    CHECK_EQ(child_run(see_full, 0), 0, "console_background_fills_the_queue");
    CHECK_ERROR(read_now(), E_TIMEOUT, "console_foreground_finds_room");
    for (uint32_t i = 0; i < FILLERS; i++)
        end(pids[i]);
}

/* Until the shell has come to its read, anybody may. */
static bool is_refused_soon(void)
{
    uint64_t end = time_us() + TEST_PATIENCE_US;

    while (time_us() < end) {
        if (child_run(set_raw, 0) == 1)
            return true;
        sleep_us(1000);
    }
    return false;
}

static void check_mode_at_the_prompt(uintptr_t word)
{
    uint32_t said;
    pid_t pid = start_and_wait(wait_as_shell, word, &said);

    CHECK_EQ(said, 1, "console_is_directed");
    CHECK(is_refused_soon(), "console_mode_at_the_prompt");
    CHECK_ERROR(console_set_mode(CONSOLE_COOKED), E_PERM, "console_mode_at_the_prompt_cooked");
    end(pid);
    CHECK(console_set_mode(CONSOLE_COOKED) >= 0, "console_mode_without_a_shell");
}

static void check_mode_before_it(void)
{
    CHECK_EQ(child_run(set_raw, 0), 0, "console_mode_while_the_shell_is_busy");
    CHECK_ERROR(read_now(), E_TIMEOUT, "console_shell_reads");
    CHECK_EQ(console_set_mode(CONSOLE_COOKED), CONSOLE_COOKED, "console_mode_is_the_readers");
}

static void check_mode_of_the_foreground(uintptr_t word)
{
    uint32_t said;
    pid_t pid = start_and_wait(stay_raw, word, &said);

    CHECK_EQ(said, 1, "console_mode_before_it_is_named");
    CHECK_OK(console_set_foreground((uint32_t)pid), "console_named");
    CHECK_EQ(child_run(set_raw, 0), 1, "console_mode_of_the_foreground");
    CHECK_EQ(console_set_mode(CONSOLE_RAW), CONSOLE_RAW, "console_mode_stays");
    CHECK_OK(console_set_foreground(0), "console_unnamed");
    CHECK_EQ(console_set_mode(CONSOLE_COOKED), CONSOLE_COOKED, "console_mode_is_cooked_again");
    end(pid);
    pid = child_start(sleep_on, 0);
    CHECK_EQ(child_run(set_raw, 0), 0, "console_mode_of_a_job");
    CHECK_OK(console_set_foreground((uint32_t)pid), "console_named_another");
    CHECK_EQ(console_set_mode(CONSOLE_COOKED), CONSOLE_COOKED, "console_mode_of_a_job_ends");
    CHECK_OK(console_set_foreground(0), "console_unnamed_again");
    end(pid);
}

int main(void)
{
    uint32_t key = 0;
    uintptr_t word = 0;
    size_t bytes;

    if (!CHECK(shared_create(PAGE_SIZE, &key) == 0 &&
                   shared_attach(key, PERM_RW, &word, &bytes) == 0,
               "console_shared_memory"))
        return test_status();
    check_mode_at_the_prompt(word);
    CHECK_OK(console_set_foreground(0), "console_is_ours");
    check_full_queue();
    check_mode_before_it();
    check_mode_of_the_foreground(word);
    return test_status();
}
