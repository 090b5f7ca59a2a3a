/* The client side of bootfs (abi/bootfs.h). <fcntl.h> and <unistd.h> are built on it. All return a
 * negated error if they fail: E_BAD_ENV, there is no bootfs; or what is said here. */
#ifndef GRAIN_BOOTFS_H
#define GRAIN_BOOTFS_H

#include <stdint.h>

#include "abi/bootfs.h"
#include "grain/compiler.h"

struct bootfs_file {
    uint32_t number;
    uint32_t size; /* bytes */
};

/* A file by its name ("sh", no slash in front). E_EOF: no such file; E_INVAL: name too long. */
MUST_CHECK int bootfs_open(const char *name, struct bootfs_file *file);

/* Maps pages of a file, readable and executable, from va on; `first` and `pages` count pages,
 * IPC_PAGES_MAX at most. Returns how many came: fewer at the end of the file. E_EOF: `first` is beyond
 * it; E_INVAL; E_NO_MEM, E_QUOTA (for page tables). */
MUST_CHECK int bootfs_map(uint32_t number, uint32_t first, uint32_t pages, uintptr_t va);

/* The index-th file, from 0. E_EOF: there are no more. */
MUST_CHECK int bootfs_list(uint32_t index, struct bootfs_file *file, char name[SERVER_STRING_MAX]);

#endif
