/* bootfs, from the side of a client that init started beside it: each call and its errors, pages shared and not
 * writable, messages at random, clients that die, floods. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/bootfs.h"
#include "grain/bootfs.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/service.h"

#define WINDOW 0x60000000u /* IPC_PAGES_MAX pages, and as many behind them */
#define SECOND (WINDOW + IPC_PAGES_MAX * PAGE_SIZE)

#define TEXT_FILE "README.md"
#define TEXT      "# Grain\n"

#define RANDOM_MESSAGES 5000u

static struct bootfs_file text_file;

/* A call with these words; returns what the server answered, or ipc's error. */
static int call(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3, uint32_t flags)
{
    struct ipc_msg msg = {.w = {w0, w1, w2, w3}};

    return server_call(SERVER_BOOTFS, flags, &msg, NULL);
}

static void test_open(void)
{
    struct bootfs_file file;

    CHECK_OK(bootfs_open(TEXT_FILE, &text_file), "bootfs_open");
    CHECK(text_file.size > strlen(TEXT), "bootfs_open_size");
    CHECK_ERROR(bootfs_open("no such file", &file), E_EOF, "bootfs_open_missing");
    CHECK_ERROR(bootfs_open("", &file), E_EOF, "bootfs_open_empty");
    CHECK_ERROR(call(BOOTFS_OPEN, 0, 0, 0, 0), E_INVAL, "bootfs_open_no_name");
    memset(utcb()->words, 'x', sizeof(utcb()->words));
    CHECK_ERROR(call(BOOTFS_OPEN, 0, 0, 0, IPC_SEND_WORDS(IPC_WORDS_MAX)), E_INVAL,
                "bootfs_open_unended_name");
    CHECK_ERROR(call(BOOTFS_LIST + 1, 0, 0, 0, 0), E_NO_SYS, "bootfs_unknown_call");
}

static void test_list(void)
{
    char name[SERVER_STRING_MAX];
    struct bootfs_file file;
    struct bootfs_file opened;
    uint32_t count = 0;
    bool same = true;
    int error;

    for (; (error = bootfs_list(count, &file, name)) == 0; count++)
        same = same && bootfs_open(name, &opened) == 0 && opened.number == file.number &&
               opened.size == file.size;
    CHECK_ERROR(error, E_EOF, "bootfs_list_ends");
    CHECK(same && count >= 3, "bootfs_list_agrees_with_open");
    CHECK_ERROR(bootfs_list(UINT32_MAX, &file, name), E_EOF, "bootfs_list_far_beyond");
}

static bool all_zero(const char *from, const char *to)
{
    while (from < to && *from == 0)
        from++;
    return from == to;
}

static void test_pages(void)
{
    uint32_t pages = (text_file.size + PAGE_MASK) >> PAGE_SHIFT;
    const char *text = (const char *)WINDOW;

    if (!CHECK_EQ(bootfs_map(text_file.number, 0, IPC_PAGES_MAX, WINDOW), pages, "bootfs_pages"))
        return;
    CHECK(strncmp(text, TEXT, strlen(TEXT)) == 0, "bootfs_pages_contents");
    CHECK(all_zero(text + text_file.size, text + pages * PAGE_SIZE), "bootfs_last_page_zero");
    CHECK_EQ(page_perm(WINDOW), PERM_RX, "bootfs_pages_not_writable");
    CHECK_ERROR(page_protect(0, WINDOW, 1, PERM_RW), E_INVAL, "bootfs_pages_stay_read_only");
    uint32_t before = PAGE_INFO_REFS(page_info(0, WINDOW));
    CHECK_EQ(bootfs_map(text_file.number, 0, 1, SECOND), 1, "bootfs_pages_again");
    CHECK_EQ(PAGE_INFO_REFS(page_info(0, WINDOW)), before + 1, "bootfs_frames_are_shared");
    CHECK_EQ(page_entry_frame(page_entry(WINDOW)), page_entry_frame(page_entry(SECOND)),
             "bootfs_same_frame");
    (void)page_unmap(0, WINDOW, 2 * IPC_PAGES_MAX);
}

static void test_pages_errors(void)
{
    uint32_t pages = (text_file.size + PAGE_MASK) >> PAGE_SHIFT;
    struct ipc_msg msg = {.w = {BOOTFS_PAGES, 0, 0, 2}};

    CHECK_ERROR(bootfs_map(text_file.number, pages, 1, WINDOW), E_EOF, "bootfs_pages_beyond");
    CHECK_ERROR(bootfs_map(text_file.number, UINT32_MAX, 1, WINDOW), E_EOF, "bootfs_pages_far");
    CHECK_ERROR(bootfs_map(text_file.number, 0, 0, WINDOW), E_INVAL, "bootfs_pages_none");
    CHECK_ERROR(call(BOOTFS_PAGES, text_file.number, 0, IPC_PAGES_MAX + 1, 0), E_INVAL,
                "bootfs_pages_too_many");
    CHECK_ERROR(bootfs_map(UINT32_MAX, 0, 1, WINDOW), E_INVAL, "bootfs_pages_no_file");
    CHECK_OK(call(BOOTFS_PAGES, text_file.number, 0, 1, 0), "bootfs_pages_without_window");
    ipc_set_window(WINDOW, 1);
    CHECK_ERROR(server_call(SERVER_BOOTFS, IPC_WINDOW, &msg, NULL), E_MSG_SIZE,
                "bootfs_pages_small_window");
    CHECK_EQ(page_perm(WINDOW), 0, "bootfs_nothing_mapped_after_errors");
}

static void test_descriptors(void)
{
    char buf[64];
    struct stat stat;
    int fd = open("/" TEXT_FILE, O_RDONLY);

    if (!CHECK_OK(fd, "file_open"))
        return;
    CHECK_EQ(read(fd, buf, 8), 8, "file_read");
    CHECK(strncmp(buf, TEXT, 8) == 0, "file_read_contents");
    CHECK_OK(fstat(fd, &stat), "file_fstat");
    CHECK_EQ(stat.st_size, text_file.size, "file_fstat_size");
    CHECK_EQ(lseek(fd, -4, SEEK_END), text_file.size - 4, "file_lseek_end");
    CHECK_EQ(read(fd, buf, sizeof(buf)), 4, "file_read_short");
    CHECK_EQ(read(fd, buf, sizeof(buf)), 0, "file_read_at_end");
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2, "file_lseek_set");
    CHECK_EQ(lseek(fd, -1, SEEK_CUR), 1, "file_lseek_cur");
    CHECK_ERROR(lseek(fd, -2, SEEK_CUR), E_INVAL, "file_lseek_below_0");
    CHECK_ERROR(open(TEXT_FILE, 1), E_INVAL, "file_open_to_write");
    CHECK_ERROR(open("nothing", O_RDONLY), E_EOF, "file_open_missing");
    CHECK_ERROR(write(fd, buf, 1), E_INVAL, "file_write");
    CHECK_OK(close(fd), "file_close");
    CHECK_ERROR(read(fd, buf, 1), E_INVAL, "file_read_closed");
    CHECK_ERROR(close(fd), E_INVAL, "file_close_twice");
}

/* A large file page by page through read() is what its pages are. */
static void test_large_file(void)
{
    static char chunk[3000];
    struct bootfs_file file = {.number = 0};
    int fd = open("console", O_RDONLY);
    uint32_t at = 0;
    bool same = true;
    ssize_t got;

    if (!CHECK(fd >= 0 && bootfs_open("console", &file) == 0, "file_open_large"))
        return;
    CHECK(bootfs_map(file.number, 0, 8, WINDOW) == 8, "file_large_mapped");
    while ((got = read(fd, chunk, sizeof(chunk))) > 0 && at + (uint32_t)got <= 8 * PAGE_SIZE) {
        same = same && memcmp(chunk, (const char *)WINDOW + at, (size_t)got) == 0;
        at += (uint32_t)got;
    }
    CHECK(same && at > 7 * PAGE_SIZE, "file_read_across_pages");
    (void)close(fd);
    (void)page_unmap(0, WINDOW, 8);
}

static bool answers(void)
{
    struct bootfs_file file;

    return bootfs_open(TEXT_FILE, &file) == 0 && file.number == text_file.number;
}

static void test_random_messages(void)
{
    uint32_t seed = 1;

    for (uint32_t i = 0; i < RANDOM_MESSAGES; i++) {
        struct ipc_msg msg;
        uint32_t words = rand_below(&seed, IPC_WORDS_MAX + 1);
        uint32_t flags = IPC_SEND_WORDS(words);

        for (uint32_t j = 0; j < 4; j++)
            msg.w[j] = rand_below(&seed, 2) ? rand_r(&seed) : rand_below(&seed, 80);
        if (rand_below(&seed, 4) != 0)
            msg.w[0] = SERVER_OP(SERVER_BOOTFS, rand_below(&seed, 5));
        for (uint32_t j = 0; j < words; j++)
            utcb()->words[j] = rand_r(&seed);
        if (rand_below(&seed, 2)) {
            ipc_set_window(WINDOW, 1 + rand_below(&seed, IPC_PAGES_MAX));
            flags |= IPC_WINDOW;
        }
        (void)server_call(SERVER_BOOTFS, flags, &msg, NULL);
    }
    (void)page_unmap(0, WINDOW, IPC_PAGES_MAX);
    CHECK(answers(), "bootfs_survives_random_messages");
}

static int call_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        (void)bootfs_map(text_file.number, 0, 2, WINDOW);
}

static void test_bad_clients(void)
{
    static test_fn *const clients[] = {call_for_ever};
    static const struct service_test test = {SERVER_BOOTFS, answers, {.w = {BOOTFS_LIST, 0}}};

    CHECK(service_outlives_clients(&test, clients, 1), "bootfs_survives_dying_clients");
    CHECK(service_survives_flood(&test), "bootfs_survives_flood");
}

int main(void)
{
    test_open();
    test_list();
    test_pages();
    test_pages_errors();
    test_descriptors();
    test_large_file();
    test_random_messages();
    test_bad_clients();
    return test_status();
}
