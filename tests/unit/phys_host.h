/* A made-up physical memory for the parsers of loader and firmware tables.
 *
 * phys_map gives out copies that are exactly as long as was asked for, so that the address sanitizer
 * sees a parser that reads beyond what it mapped.
 */
#ifndef GRAIN_TESTS_PHYS_HOST_H
#define GRAIN_TESTS_PHYS_HOST_H

#include "kernel/arch/x86/physmap.h"

#define PHYS_SIZE 0x400000u

extern uint8_t phys[PHYS_SIZE];

/* A phys_map_fn. */
const void *phys_map(paddr_t pa, size_t len);

/* Zeroes the memory and takes back what phys_map gave out. */
void phys_clear(void);

void phys_put16(uint32_t pa, uint16_t value);
void phys_put32(uint32_t pa, uint32_t value);
void phys_put64(uint32_t pa, uint64_t value);
void phys_put_text(uint32_t pa, const char *text); /* without its final 0 */

/* Sets the byte at `at` so that the len bytes from pa on have sum 0. */
void phys_fix_checksum(uint32_t pa, uint32_t len, uint32_t at);

#endif
