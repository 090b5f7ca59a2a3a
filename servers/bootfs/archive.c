/* The table of files, see archive.h. */
#include "servers/bootfs/archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "grain/syscall.h"

#define FILES_MAX 256u

#define COPY_VA 0x50000000u /* one page, while a last page is made */

static struct archive_file files[FILES_MAX];
static uint32_t file_count;

/* In the archive a file's last page goes on with the next entry's header. Clients are to see zeros
 * there: the page is replaced by a copy. Names are in the table by now. */
static int make_tail(const struct archive_file *file)
{
    uint32_t used = file->size & PAGE_MASK;
    uintptr_t tail = file->va + (file->size & ~PAGE_MASK);

    if (used == 0)
        return 0;
    int error = page_alloc(0, COPY_VA, 1, PERM_RW);
    if (error < 0)
        return error;
    memcpy((void *)COPY_VA, (const void *)tail, used);
    error = page_map(0, COPY_VA, 0, tail | PERM_R, 1);
    (void)page_unmap(0, COPY_VA, 1);
    return error;
}

static void make_tails(void)
{
    for (uint32_t i = 0; i < file_count; i++) {
        int error = make_tail(&files[i]);

        if (error < 0)
            printf("bootfs: %s: its last page is as in the archive: %s\n", files[i].name,
                   grain_strerror(error));
    }
}

void archive_open(uintptr_t base, uint32_t size)
{
    const char *reason = NULL;
    struct tar_file found = {.name = ""};
    uint32_t at = 0;
    int result = 0;

    while (file_count < FILES_MAX &&
           (result = tar_next((const void *)base, size, &at, &found, &reason)) == 1) {
        struct archive_file *file = &files[file_count++];

        memcpy(file->name, found.name, sizeof(file->name));
        file->va = base + found.offset;
        file->size = found.size;
    }
    if (result < 0)
        printf("bootfs: the archive is malformed after %s: %s\n",
               file_count == 0 ? "its start" : files[file_count - 1].name, reason);
    else if (result == 1)
        printf("bootfs: files after the first %u are left out\n", FILES_MAX);
    make_tails();
}

uint32_t archive_count(void)
{
    return file_count;
}

const struct archive_file *archive_file(uint32_t number)
{
    return number < file_count ? &files[number] : NULL;
}

const struct archive_file *archive_find(const char *name, uint32_t *number)
{
    for (*number = 0; *number < file_count; (*number)++) {
        if (strcmp(files[*number].name, name) == 0)
            return &files[*number];
    }
    return NULL;
}
