/* PAE page-table entries (SDM 3A, 4.4) and their conversion from and to abi/perm.h. */
#ifndef GRAIN_ARCH_X86_PTE_H
#define GRAIN_ARCH_X86_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/perm.h"
#include "kernel/arch/x86/memlayout.h"
#include "kernel/compiler.h"

typedef uint64_t pte_t ALIGNED(8);

#define PTE_P   UINT64_C(0x001)
#define PTE_W   UINT64_C(0x002)
#define PTE_U   UINT64_C(0x004)
#define PTE_PWT UINT64_C(0x008)
#define PTE_PCD UINT64_C(0x010)
#define PTE_A   UINT64_C(0x020)
#define PTE_D   UINT64_C(0x040)
#define PTE_PS  UINT64_C(0x080) /* in a directory: a 2 MiB page */
#define PTE_G   UINT64_C(0x100)
#define PTE_NX  (UINT64_C(1) << 63)
#define PTE_PFN(e) \
    ((uint32_t)((e) >> PAGE_SHIFT)) /* above it there are zeros, and PTE_NX further up */

#define PTES_PER_TABLE 512u
#define LARGE_SHIFT    21
#define LARGE_SIZE     (UINT32_C(1) << LARGE_SHIFT)

extern pte_t pte_nx; /* PTE_NX where the CPU has it, else 0 */

static inline pte_t pte_of_pfn(uint32_t pfn)
{
    return (pte_t)pfn << PAGE_SHIFT;
}

static inline pte_t pte_of_perm(uint32_t perm)
{
    return (perm & (PERM_P | PERM_W | PERM_U | PERM_AVAIL)) | (perm & PERM_X ? 0 : pte_nx);
}

static inline uint32_t pte_to_perm(pte_t e)
{
    uint32_t low = (uint32_t)e & (PERM_P | PERM_W | PERM_U | PERM_AVAIL);

    return low | (e & PTE_NX ? 0 : PERM_X);
}

/* A table walk by any CPU may fall between the two halves: the half with PTE_P is written last when
 * an entry appears and first when it goes, so that no walk sees a mix that counts; one that is there
 * is replaced in one piece, so that no walk misses it. Only the owner of the table's lock writes (and
 * the processor, accessed and dirty bits: hence the loop). */
static inline void pte_set_absent(pte_t *slot, pte_t e)
{
    volatile uint32_t *half = (volatile uint32_t *)slot;

    half[1] = (uint32_t)(e >> 32);
    half[0] = (uint32_t)e;
}

static NOINLINE UNUSED void pte_exchange(pte_t *slot, pte_t e)
{
    pte_t old = *slot;

    for (pte_t seen; (seen = __sync_val_compare_and_swap(slot, old, e)) != old;)
        old = seen;
}

static inline void pte_set_present(pte_t *slot, pte_t e)
{
    volatile uint32_t *half = (volatile uint32_t *)slot;

    if (likely(half[1] == (uint32_t)(e >> 32)))
        half[0] = (uint32_t)e;
    else
        pte_exchange(slot, e);
}

static inline void pte_set(pte_t *slot, pte_t e)
{
    if (*slot & PTE_P)
        pte_set_present(slot, e);
    else
        pte_set_absent(slot, e);
}

/* The half that has all but the top of the frame's number and PTE_NX. */
static inline uint32_t pte_low(const pte_t *slot)
{
    return *(const volatile uint32_t *)slot;
}

/* Other rights to the frame of an entry that is there. Not 0: something is forbidden now that was not. When
 * PTE_NX stays as it is only the other half is written, and not when it says so already: a second fork. */
static inline uint32_t pte_set_rights(pte_t *slot, pte_t rights)
{
    uint32_t low = pte_low(slot);
    uint32_t high = ((volatile uint32_t *)slot)[1];
    uint32_t change = (low ^ (uint32_t)rights) & PAGE_MASK & ~(uint32_t)(PTE_A | PTE_D);

    if (unlikely((int32_t)(high ^ (uint32_t)(rights >> 32)) < 0)) { /* PTE_NX */
        pte_exchange(slot, pte_of_pfn(PTE_PFN(*slot)) | rights);
        return (change & low & (uint32_t)PTE_W) | (~high >> 31);
    }
    if (change == 0)
        return 0;
    *(volatile uint32_t *)slot = low ^ change;
    return change & low & (uint32_t)PTE_W;
}

static inline void pte_clear(pte_t *slot)
{
    volatile uint32_t *half = (volatile uint32_t *)slot;

    half[0] = 0;
    half[1] = 0;
}

#endif
