/* Page permissions in system calls and messages: the low twelve bits of a word.
 *
 * The bits are those of an x86 page-table entry (and of MIT JOS), but for PERM_X, which takes the
 * place of a cache bit that user code never sees. A mapping always needs PERM_P and PERM_U.
 */
#ifndef GRAIN_ABI_PERM_H
#define GRAIN_ABI_PERM_H

#define PERM_P     0x001u /* present */
#define PERM_W     0x002u /* writable */
#define PERM_U     0x004u /* user */
#define PERM_X     0x008u /* executable; without it the page is mapped no-execute */
#define PERM_AVAIL 0xe00u /* three bits that the kernel keeps and does not read */
#define PERM_ALL   (PERM_P | PERM_W | PERM_U | PERM_X | PERM_AVAIL)

/* page_map and page_protect alone: pages of the range that are not mapped are passed over. */
#define PERM_HOLES 0x010u

#define PERM_R  (PERM_P | PERM_U)
#define PERM_RW (PERM_P | PERM_U | PERM_W)
#define PERM_RX (PERM_P | PERM_U | PERM_X)

#endif
