/* fork(): the child is a copy and has its own of everything. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grain/process.h"
#include "grain/thread.h"
#include "grain/utcb.h"
#include "tests/system/system.h"

#define DEPTH       6u
#define MANY        1000u
#define BIG_PAGES   300u
#define THREADS     4u
#define THREAD_RUNS 20u

static uint32_t global = 1;

/* ---- What a child has. ---- */

static int check_pids(uintptr_t parent)
{
    return getppid() == (pid_t)parent && getpid() != (pid_t)parent && getpid() > 1 ? 0 : 1;
}

static int change_memory(uintptr_t local)
{
    bool good = global == 1 && *(uint32_t *)local == 2;

    global = 7;
    *(uint32_t *)local = 8;
    return good ? 0 : 1;
}

static int check_message_page(uintptr_t parent_utcb)
{
    const struct utcb_local *local = utcb_local();
    bool own = utcb()->self != *(const uint32_t *)parent_utcb;

    return own && local->program[3] == 33 && local->notified == 0 && local->out_len == 0 ? 0 : 1;
}

/* Reads on where the parent was, and does not move the parent's place. */
static int read_on(uintptr_t fd)
{
    char text[4];

    return read((int)fd, text, 4) == 4 && memcmp(text, "\0\0\0\0", 4) != 0 ? 0 : 1;
}

static void check_files(void)
{
    int fd = open(CHILD, O_RDONLY);
    char text[4];

    CHECK(read(fd, text, 4) == 4 && memcmp(text, "\177ELF", 4) == 0, "fork_file_parent");
    CHECK_EQ(child_run(read_on, (uintptr_t)fd), 0, "fork_file_child");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4, "fork_file_place");
    (void)close(fd);
}

static void check_copies(void)
{
    uint32_t local = 2;
    uint32_t self = utcb()->self;

    CHECK_EQ(child_run(check_pids, (uintptr_t)getpid()), 0, "fork_pids");
    CHECK_EQ(child_run(change_memory, (uintptr_t)&local), 0, "fork_memory_child");
    CHECK(global == 1 && local == 2, "fork_memory_parent");
    utcb_local()->program[3] = 33;
    CHECK_EQ(child_run(check_message_page, (uintptr_t)&self), 0, "fork_message_page");
    check_files();
}

/* ---- Much memory. ---- */

static int check_big(uintptr_t memory)
{
    volatile uint32_t *words = (volatile uint32_t *)memory;
    int wrong = 0;

    for (uint32_t i = 0; i < BIG_PAGES; i++) {
        wrong += words[i * PAGE_SIZE / 4] != i;
        words[i * PAGE_SIZE / 4] = ~i;
    }
    return wrong == 0 ? 0 : 1;
}

static void check_much_memory(void)
{
    uint32_t *words = malloc(BIG_PAGES * PAGE_SIZE);
    int wrong = 0;

    if (words == NULL) {
        TEST_FAIL("fork_malloc", "no memory");
        return;
    }
    for (uint32_t i = 0; i < BIG_PAGES; i++)
        words[i * PAGE_SIZE / 4] = i;
    CHECK_EQ(child_run(check_big, (uintptr_t)words), 0, "fork_big_child");
    CHECK_EQ(child_run(check_big, (uintptr_t)words), 0, "fork_big_again");
    for (uint32_t i = 0; i < BIG_PAGES; i++)
        wrong += words[i * PAGE_SIZE / 4] != i;
    CHECK_EQ(wrong, 0, "fork_big_parent");
    free(words);
}

/* ---- Trees. ---- */

/* Ends with how many processes there were below and with it. */
static int grow_tree(uintptr_t depth)
{
    pid_t pids[2];
    int sum = 1;

    if (depth == 0)
        return 1;
    for (uint32_t i = 0; i < 2; i++)
        pids[i] = child_start(grow_tree, depth - 1);
    for (uint32_t i = 0; i < 2; i++) {
        int status = child_end(pids[i]);

        sum += status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    }
    return sum > 255 ? 255 : sum;
}

/* ---- Threads. ---- */

static volatile bool threads_stop;

static int churn(void *arg)
{
    (void)arg;
    while (!threads_stop) {
        void *memory = malloc(100);

        if (memory == NULL)
            return 1;
        memset(memory, 1, 100);
        free(memory);
    }
    return 0;
}

/* It is alone, and the heap is whole. */
static int check_alone(uintptr_t arg)
{
    struct proc_info info;
    void *memory[50];

    (void)arg;
    if (process_list(getpid(), &info) != getpid() || info.threads != 1)
        return 1;
    for (uint32_t i = 0; i < 50; i++) {
        memory[i] = malloc(1000);
        if (memory[i] == NULL)
            return 2; /* NOLINT(clang-analyzer-unix.Malloc): the process ends */
        memset(memory[i], 2, 1000);
    }
    for (uint32_t i = 0; i < 50; i++)
        free(memory[i]);
    envid_t thread = thread_create(churn, NULL);
    if (thread < 0)
        return 3;
    threads_stop = true;
    return thread_join(thread, NULL) == 0 ? 0 : 4;
}

static int fork_in_thread(void *arg)
{
    (void)arg;
    return child_run(check_alone, 0);
}

static void check_threads(void)
{
    envid_t threads[THREADS];
    struct env_death death = {.status = 1};
    bool good = true;

    for (uint32_t i = 0; i < THREADS; i++)
        good = good && (threads[i] = thread_create(churn, NULL)) > 0;
    if (!CHECK(good, "fork_threads_start"))
        return;
    for (uint32_t i = 0; i < THREAD_RUNS; i++)
        good = good && child_run(check_alone, 0) == 0;
    CHECK(good, "fork_threads_child");
    envid_t forker = thread_create(fork_in_thread, NULL);
    CHECK(thread_join(forker, &death) == 0 && death.status == 0, "fork_by_thread");
    threads_stop = true;
    for (uint32_t i = 0; i < THREADS; i++)
        good = thread_join(threads[i], &death) == 0 && death.status == 0 && good;
    CHECK(good, "fork_threads_live");
}

/* ---- Many. ---- */

static int nothing(uintptr_t arg)
{
    return (int)arg;
}

static void check_many(void)
{
    struct kernel_counters before;
    bool good = true;

    (void)child_run(nothing, 0);
    before = counts_settled();
    for (uint32_t i = 0; i < MANY && good; i++)
        good = child_run(nothing, i & 0x7f) == (int)(i & 0x7f);
    CHECK(good, "fork_many");
    CHECK(test_counts_settle(&before), "fork_many_leak");
}

int main(void)
{
    check_copies();
    check_much_memory();
    CHECK_EQ(child_run(grow_tree, DEPTH), 127, "fork_tree");
    check_threads();
    check_many();
    return test_status();
}
