/* How the library divides user memory (abi/layout.h has the fixed points).
 *
 *   0xbf7ff000  exception stack of the first env, one page
 *   0xbf7fe000  USER_STACK_TOP: its stack, SPAWN_STACK_PAGES below
 *   0xb0000000  THREAD_STACKS: stacks of further envs, a guard page below each
 *   0x40000000  BOOT_MODULES_VA (the first env only)
 *   0x3c000000  SCRATCH_AREA: short-lived mappings, some pages for each env of the address space
 *   0x10000000  HEAP_BASE to HEAP_END: malloc
 *   0x00800000  USER_TEXT: the program
 *
 * The rest, 0x50000000 to 0xb0000000 above all, is the program's own to use.
 */
#ifndef GRAIN_LAYOUT_H
#define GRAIN_LAYOUT_H

#include "abi/layout.h"

#define HEAP_BASE 0x10000000u
#define HEAP_END  0x30000000u

#define SCRATCH_AREA  0x3c000000u
#define SCRATCH_PAGES 16u
#define SCRATCH_END   (SCRATCH_AREA + UTCB_SLOTS * SCRATCH_PAGES * PAGE_SIZE)

#define THREAD_STACKS      0xb0000000u
#define THREAD_STACK_SLOT  0x10000u /* bytes of address space; what is not stack is guard */
#define THREAD_STACK_PAGES 8u

#define SPAWN_STACK_PAGES 16u

#endif
