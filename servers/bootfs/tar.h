/* The boot image: a tar archive (ustar) whose files begin on pages. A parser without state, for init and
 * bootfs. It reads the image only within its size, and trusts no field.
 */
#ifndef BOOTFS_TAR_H
#define BOOTFS_TAR_H

#include <stdint.h>

#define TAR_NAME_MAX 100u /* with the 0 at the end */

struct tar_file {
    char name[TAR_NAME_MAX];
    uint32_t offset; /* of the data in the image, page aligned */
    uint32_t size;   /* bytes, all within the image */
};

/* Finds the next regular file at or after *at, which is 0 for the first, and moves *at behind it.
 * Returns 1: found; 0: there is none; -E_INVAL: malformed, *reason is a constant string, and
 * file->name the last name that was read. */
__attribute__((warn_unused_result)) int tar_next(const void *image, uint32_t size, uint32_t *at,
                                                 struct tar_file *file, const char **reason);

/* The file of that name. The same results. */
__attribute__((warn_unused_result)) int tar_find(const void *image, uint32_t size, const char *name,
                                                 struct tar_file *file, const char **reason);

#endif
