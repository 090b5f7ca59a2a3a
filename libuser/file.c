/* Descriptors, see <unistd.h> and <fcntl.h>. A slot's `state` is taken and given back atomically; the
 * rest of it belongs to whoever uses the descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grain/bootfs.h"
#include "grain/console.h"
#include "libuser/internal.h"

#define FILES_MAX  32
#define FILE_FIRST 3 /* below: the console */

enum { FILE_FREE, FILE_OPEN };

static struct open_file {
    uint32_t state;
    struct bootfs_file file;
    uint32_t position;
} files[FILES_MAX];

static bool is_console(int fd)
{
    return fd >= 0 && fd < FILE_FIRST;
}

static struct open_file *find(int fd)
{
    if (fd < FILE_FIRST || fd >= FILES_MAX || files[fd].state != FILE_OPEN)
        return NULL;
    return &files[fd];
}

static int take_slot(void)
{
    for (int fd = FILE_FIRST; fd < FILES_MAX; fd++) {
        uint32_t expected = FILE_FREE;

        if (__atomic_compare_exchange_n(&files[fd].state, &expected, FILE_OPEN, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return fd;
    }
    return -E_BUSY;
}

int open(const char *path, int flags)
{
    struct bootfs_file file;

    if (flags != O_RDONLY)
        return -E_INVAL;
    int error = bootfs_open(path[0] == '/' ? path + 1 : path, &file);
    if (error < 0)
        return error;
    int fd = take_slot();
    if (fd >= 0) {
        files[fd].file = file;
        files[fd].position = 0;
    }
    return fd;
}

int close(int fd)
{
    struct open_file *open_file = find(fd);

    if (open_file == NULL)
        return is_console(fd) ? 0 : -E_INVAL;
    __atomic_store_n(&open_file->state, FILE_FREE, __ATOMIC_RELEASE);
    return 0;
}

/* Reads from as many pages as the scratch area takes. */
static int read_some(struct open_file *f, char *to, uint32_t size)
{
    uint32_t start = f->position & PAGE_MASK;
    uint32_t pages = (start + size + PAGE_MASK) >> PAGE_SHIFT;

    if (pages > SCRATCH_PAGES)
        pages = SCRATCH_PAGES;
    int got = bootfs_map(f->file.number, f->position >> PAGE_SHIFT, pages, scratch_area());
    if (got < 0)
        return got;
    uint32_t bytes = (uint32_t)got * PAGE_SIZE - start;
    if (bytes > size)
        bytes = size;
    memcpy(to, (const char *)scratch_area() + start, bytes);
    scratch_unmap();
    return (int)bytes;
}

static ssize_t read_file(struct open_file *f, char *to, size_t size)
{
    uint32_t left = f->position < f->file.size ? f->file.size - f->position : 0;
    uint32_t done = 0;

    if (left > size)
        left = size;
    while (done < left) {
        int got = read_some(f, to + done, left - done);

        if (got <= 0)
            return done != 0 ? (ssize_t)done : got;
        done += (uint32_t)got;
        f->position += (uint32_t)got;
    }
    return (ssize_t)done;
}

ssize_t read(int fd, void *buf, size_t size)
{
    struct open_file *open_file = find(fd);

    if (open_file != NULL)
        return read_file(open_file, buf, size);
    if (!is_console(fd))
        return -E_INVAL;
    stdout_flush();
    return size == 0 ? 0 : console_read(buf, size, CONSOLE_WAIT);
}

ssize_t write(int fd, const void *buf, size_t size)
{
    if (!is_console(fd))
        return -E_INVAL;
    stdout_flush();
    stdout_write(buf, size);
    stdout_flush();
    return (ssize_t)size;
}

off_t lseek(int fd, off_t offset, int whence)
{
    struct open_file *open_file = find(fd);
    int64_t position = offset;

    if (open_file == NULL || whence < SEEK_SET || whence > SEEK_END)
        return -E_INVAL;
    if (whence == SEEK_CUR)
        position += open_file->position;
    else if (whence == SEEK_END)
        position += open_file->file.size;
    if (position < 0 || position > INT32_MAX)
        return -E_INVAL;
    open_file->position = (uint32_t)position;
    return (off_t)position;
}

int fstat(int fd, struct stat *out)
{
    const struct open_file *open_file = find(fd);

    if (open_file == NULL && !is_console(fd))
        return -E_INVAL;
    *out = (struct stat){.st_ino = 0};
    if (open_file != NULL) {
        out->st_ino = open_file->file.number;
        out->st_size = (off_t)open_file->file.size;
    }
    return 0;
}
