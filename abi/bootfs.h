/* bootfs: the files of the boot image, read-only. File numbers are small, stable, and not closed.
 * Pages come by page transfer and are shared: all processes run from the same text frames. A file's
 * last page is zero beyond its end.
 */
#ifndef GRAIN_ABI_BOOTFS_H
#define GRAIN_ABI_BOOTFS_H

#include "abi/server.h"

enum bootfs_op {
    /* name in utcb->words -> w1 = file number, w2 = size in bytes. E_EOF: no such file */
    BOOTFS_OPEN = SERVER_OP(SERVER_BOOTFS, 1),
    /* w1 = file, w2 = first page, w3 = pages (1 to IPC_PAGES_MAX); the caller offers a window ->
     * the pages, readable and executable, w1 = how many: fewer where the file ends. E_INVAL: no such
     * file, no or too many pages; E_EOF: first page beyond it */
    BOOTFS_PAGES,
    /* w1 = index, from 0 -> name in utcb->words, w1 = file number, w2 = size. E_EOF: no more */
    BOOTFS_LIST,
};

#endif
