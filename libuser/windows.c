/* One's own page tables, see grain/windows.h. The bits: Intel SDM volume 3, table 4-11. */
#include "grain/windows.h"

#define ENTRY_NX (1ull << 63)

uint32_t page_perm(uintptr_t va)
{
    if (va >= KERNEL_BASE || !(page_table_entry(va) & PERM_P))
        return 0;
    uint64_t entry = page_entry(va);
    if (!(entry & PERM_P))
        return 0;
    return ((uint32_t)entry & (PERM_ALL & ~PERM_X)) | (entry & ENTRY_NX ? 0 : PERM_X);
}
