/* What is known of an open file. */
#ifndef GRAIN_LIB_SYS_STAT_H
#define GRAIN_LIB_SYS_STAT_H

#include <stdint.h>
#include <sys/types.h>

struct stat {
    uint32_t st_ino; /* the file's number at bootfs; 0: the console */
    off_t st_size;   /* bytes; 0: the console */
};

/* Returns 0, or -E_INVAL: no such descriptor. */
int fstat(int fd, struct stat *out);

#endif
