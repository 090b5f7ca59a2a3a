/* Memory of a process beyond the heap, by the pager (abi/pager.h). Lengths are rounded up to pages.
 * E_BAD_ENV: the program was started bare, without a pager. */
#ifndef GRAIN_MEMORY_H
#define GRAIN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "abi/pager.h"
#include "grain/compiler.h"

/* Zeroed memory, with an unmapped page below it: at *va, or where there is room (*va = 0), which *va
 * says then. perm: PERM_R or PERM_RW (abi/perm.h). E_NO_MEM, E_BUSY: something is there, E_INVAL. */
MUST_CHECK int memory_map(uintptr_t *va, size_t bytes, uint32_t perm);

/* Gives back what memory_map or shared_attach gave, or a part of it. E_INVAL; E_NO_MEM: the rest would be
 * too many pieces. */
MUST_CHECK int memory_unmap(uintptr_t va, size_t bytes);

/* Memory to share with other processes, PAGER_SHARED_MAX bytes at most. Returns a key, which others may
 * attach by; children have it mapped if the parent had. It lives as long as the caller's process or one
 * that has it attached. E_INVAL, E_NO_MEM. */
MUST_CHECK int shared_create(size_t bytes, uint32_t *key);
MUST_CHECK int shared_attach(uint32_t key, uint32_t perm, uintptr_t *va, size_t *bytes);

/* What the pager has done so far. */
MUST_CHECK int pager_stats(struct pager_stats *stats);

#endif
