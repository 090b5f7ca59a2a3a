/* Opening files of the boot image (docs/servers.md): they are read-only. */
#ifndef GRAIN_LIB_FCNTL_H
#define GRAIN_LIB_FCNTL_H

#define O_RDONLY 0

/* Returns a descriptor for <unistd.h>; a slash in front of the path is passed over. A negated error:
 * E_EOF, no such file; E_INVAL, flags other than O_RDONLY or too long a path; E_BUSY, too many open
 * files; E_BAD_ENV, there is no bootfs. */
int open(const char *path, int flags);

#endif
