/* bootfs: the files of the boot image, by page transfer (abi/bootfs.h).
 *
 * init maps the archive into this address space and says where: base=ADDRESS size=BYTES. The server
 * keeps nothing about its clients, and replies never block: no client can do it harm.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bootfs.h"
#include "grain/ipc.h"
#include "servers/bootfs/archive.h"

/* The number of an argument "name=number", or 0. */
static uint32_t argument(int argc, char **argv, const char *name)
{
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return strtoul(argv[i] + len + 1, NULL, 0);
    }
    return 0;
}

/* The string in a message that brought `words` more words; NULL: none, or without its 0. */
static const char *string_in(uint32_t words)
{
    const char *text = (const char *)utcb()->words;

    return memchr(text, 0, words * sizeof(uint32_t)) == NULL ? NULL : text;
}

/* The answers. *msg is request and answer; they return the flags that the reply needs, and set msg->w[0]
 * to a negated error if there is one. */

static uint32_t fail(struct ipc_msg *msg, int error)
{
    *msg = (struct ipc_msg){.w = {(uint32_t)-error}};
    return 0;
}

static uint32_t answer_open(struct ipc_msg *msg, uint32_t words)
{
    const char *name = string_in(words);
    uint32_t number;

    if (name == NULL)
        return fail(msg, E_INVAL);
    const struct archive_file *file = archive_find(name, &number);
    if (file == NULL)
        return fail(msg, E_EOF);
    *msg = (struct ipc_msg){.w = {0, number, file->size}};
    return 0;
}

static uint32_t answer_pages(struct ipc_msg *msg)
{
    const struct archive_file *file = archive_file(msg->w[1]);
    uint32_t first = msg->w[2];
    uint32_t pages = msg->w[3];

    if (file == NULL || pages == 0 || pages > IPC_PAGES_MAX)
        return fail(msg, E_INVAL);
    uint32_t have = (file->size + PAGE_MASK) >> PAGE_SHIFT;
    if (first >= have)
        return fail(msg, E_EOF);
    if (pages > have - first)
        pages = have - first;
    ipc_set_pages(file->va + first * PAGE_SIZE, pages, PERM_RX);
    *msg = (struct ipc_msg){.w = {0, pages}};
    return IPC_PAGES;
}

static uint32_t answer_list(struct ipc_msg *msg)
{
    uint32_t number = msg->w[1];
    const struct archive_file *file = archive_file(number);

    if (file == NULL)
        return fail(msg, E_EOF);
    uint32_t size = (uint32_t)strlen(file->name) + 1;
    uint32_t words = (size + sizeof(uint32_t) - 1) / sizeof(uint32_t);
    utcb()->words[words - 1] = 0; /* behind the name there is what another client has sent */
    memcpy(utcb()->words, file->name, size);
    *msg = (struct ipc_msg){.w = {0, number, file->size}};
    return IPC_SEND_WORDS(words);
}

static uint32_t answer(struct ipc_msg *msg, uint32_t words)
{
    switch (msg->w[0]) {
    case BOOTFS_OPEN:
        return answer_open(msg, words);
    case BOOTFS_PAGES:
        return answer_pages(msg);
    case BOOTFS_LIST:
        return answer_list(msg);
    default:
        return fail(msg, E_NO_SYS);
    }
}

static _Noreturn void serve(void)
{
    struct ipc_msg msg = {.w = {0}};
    envid_t client = 0;
    uint32_t flags = 0;

    for (;;) {
        int32_t result = ipc(IPC_OP_REPLY_RECV | flags, client, &msg);

        flags = 0;
        if (result > 0) {
            client = ipc_sender(result);
            flags = answer(&msg, ipc_has_extra(result) ? utcb()->got_words : 0);
        } else if (result < 0 && utcb()->ipc_phase == IPC_PHASE_SEND && client != 0) {
            (void)fail(&msg, -result); /* the pages could not go: it is to know */
        } else {
            client = 0; /* a notification, or an abort: nobody to answer */
        }
    }
}

int main(int argc, char **argv)
{
    uintptr_t base = argument(argc, argv, "base");
    uint32_t size = argument(argc, argv, "size");

    if ((base & PAGE_MASK) != 0 || base == 0) {
        printf("bootfs: no archive: base=ADDRESS size=BYTES\n");
        return EXIT_FAILURE;
    }
    archive_open(base, size);
    serve();
}
