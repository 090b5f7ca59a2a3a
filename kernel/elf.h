/* ELF programs in memory: a validating parser without state, for the kernel's first program and
 * for every loader in user space.
 *
 * It reads the image only within its size, and trusts no field: elf_check() accepts an image whose
 * loadable segments lie in user memory, rise, share no page, and are not writable and executable at
 * once. elf_segment() checks the segment it returns again, so that an image that somebody changes
 * between the two calls does no harm to the loader.
 */
#ifndef GRAIN_KERNEL_ELF_H
#define GRAIN_KERNEL_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16u
#define ELF_LOWEST       0x1000u /* below: the page that catches null pointers */

struct elf_info {
    uint32_t entry;
    uint32_t segments;  /* how many elf_segment() knows, ELF_SEGMENTS_MAX at most */
    const char *reason; /* after an error: what is wrong, a constant string */
};

struct elf_segment {
    uint32_t va;
    uint32_t memsz; /* bytes, never 0; what is beyond filesz is zero */
    uint32_t fileoff;
    uint32_t filesz;
    uint32_t perm; /* abi/perm.h: PERM_P, PERM_U, and PERM_W or PERM_X */
};

/* Is this a program that can be loaded? 0, with *info filled in; -E_INVAL, with info->reason. */
__attribute__((warn_unused_result)) int elf_check(const void *image, size_t size,
                                                  struct elf_info *info);

/* The index-th loadable segment, from 0. -E_INVAL: there is none, or it is malformed. */
__attribute__((warn_unused_result)) int elf_segment(const void *image, size_t size, uint32_t index,
                                                    struct elf_segment *segment);

#endif
