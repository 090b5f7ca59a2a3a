/* The kernel's own symbol table: from an address to "function+0xoffset".
 *
 * tools/ksyms.py makes the table from a first link of the image and puts it into section .ksyms of
 * the second; in the first it is empty. Read-only, no locks, usable in a panic.
 */
#ifndef GRAIN_KERNEL_KSYMS_H
#define GRAIN_KERNEL_KSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ksyms_table {
    uint32_t count;
    const uint32_t *addr;     /* rising */
    const uint32_t *name_off; /* into names */
    const char *names;
};

#define KSYMS_TEXT_MAX 64

/* The function that addr lies in or behind: its name, and how far addr is from its start. NULL if
 * addr is below the first one. */
const char *ksyms_search(const struct ksyms_table *table, uint32_t addr, uint32_t *offset);

/* "function+0xoffset", or the bare address if it is not in the kernel's text. buf has at least
 * KSYMS_TEXT_MAX bytes, and is returned. A return address may lie behind the end of its function
 * (after a call that never returns): then is_return makes the byte before it count. */
const char *ksyms_describe(uint32_t addr, bool is_return, char *buf);

/* How far addr is into its function; KSYMS_NO_TEXT if it is not in the kernel's text. */
#define KSYMS_NO_TEXT UINT32_MAX
uint32_t ksyms_offset(uint32_t addr);

#endif
