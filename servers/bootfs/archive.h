/* The archive as bootfs serves it: a table of files, each with its pages in bootfs's own address space. */
#ifndef BOOTFS_ARCHIVE_H
#define BOOTFS_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "servers/bootfs/tar.h"

struct archive_file {
    char name[TAR_NAME_MAX];
    uintptr_t va; /* of its first page */
    uint32_t size;
};

/* Reads the archive in memory at `base`. Files from the first one that is malformed on are left out,
 * with a line that says so. */
void archive_open(uintptr_t base, uint32_t size);

uint32_t archive_count(void);

/* NULL: no such file. Numbers are from 0 to archive_count() - 1. */
const struct archive_file *archive_file(uint32_t number);
const struct archive_file *archive_find(const char *name, uint32_t *number);

#endif
