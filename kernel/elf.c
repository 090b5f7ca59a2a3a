/* ELF programs in memory, see elf.h. No locks, no state. The fields follow the System V ABI,
 * "Object Files" and "Program Loading"; offsets and sizes are 32 bits wide, sums are made in 64.
 */
#include "kernel/elf.h"

#include <stdbool.h>

#include "abi/errors.h"
#include "abi/layout.h"
#include "abi/perm.h"
#include "kernel/string.h"

#define ELF_IDENT    "\177ELF\1\1\1" /* magic, 32 bits, little endian, version 1 */
#define ELF_EXEC     2
#define ELF_386      3
#define ELF_PT_LOAD  1
#define ELF_PF_X     1u
#define ELF_PF_W     2u
#define ELF_PHDR_MAX 64u

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint32_t entry;
    uint32_t phoff;
    uint32_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 52, "an ELF header is 52 bytes");

struct elf_phdr {
    uint32_t type;
    uint32_t offset;
    uint32_t vaddr;
    uint32_t paddr;
    uint32_t filesz;
    uint32_t memsz;
    uint32_t flags;
    uint32_t align;
};
_Static_assert(sizeof(struct elf_phdr) == 32, "a program header is 32 bytes");

/* Headers are copied before they are looked at: an image need not be aligned, and what is checked
 * is then what is used. Returns what is wrong with the header, or NULL. */
static const char *header_read(const void *image, size_t size, struct elf_header *header)
{
    if (size < sizeof(*header))
        return "too short for an ELF header";
    memcpy(header, image, sizeof(*header));
    if (memcmp(header->ident, ELF_IDENT, sizeof(ELF_IDENT) - 1) != 0)
        return "not a 32-bit little-endian ELF file";
    if (header->type != ELF_EXEC || header->machine != ELF_386)
        return "not a static program for i386";
    if (header->phentsize != sizeof(struct elf_phdr))
        return "program headers of an unknown size";
    if (header->phnum == 0 || header->phnum > ELF_PHDR_MAX)
        return "no program headers, or too many";
    if (header->phoff + (uint64_t)header->phnum * sizeof(struct elf_phdr) > size)
        return "program headers beyond the end of the file";
    return NULL;
}

static void phdr_read(const void *image, const struct elf_header *header, uint32_t index,
                      struct elf_phdr *phdr)
{
    memcpy(phdr, (const uint8_t *)image + header->phoff + index * sizeof(*phdr), sizeof(*phdr));
}

static bool phdr_is_load(const struct elf_phdr *phdr)
{
    return phdr->type == ELF_PT_LOAD && phdr->memsz != 0;
}

static const char *phdr_check(const struct elf_phdr *phdr, size_t size)
{
    if (phdr->filesz > phdr->memsz)
        return "a segment is larger in the file than in memory";
    if ((uint64_t)phdr->offset + phdr->filesz > size)
        return "a segment is beyond the end of the file";
    if (phdr->vaddr < ELF_LOWEST || (uint64_t)phdr->vaddr + phdr->memsz > USER_TOP)
        return "a segment is outside user memory";
    if ((phdr->flags & ELF_PF_W) && (phdr->flags & ELF_PF_X))
        return "a segment is both writable and executable";
    return NULL;
}

/* next_page: the first address that the segments before this one leave free. */
static const char *phdr_accept(const struct elf_phdr *phdr, size_t size, uint32_t *next_page)
{
    const char *reason = phdr_check(phdr, size);

    if (reason != NULL)
        return reason;
    if ((phdr->vaddr & ~PAGE_MASK) < *next_page)
        return "segments overlap, share a page or do not rise";
    *next_page = (phdr->vaddr + phdr->memsz + PAGE_MASK) & ~PAGE_MASK;
    return NULL;
}

static bool phdr_has_entry(const struct elf_phdr *phdr, uint32_t entry)
{
    return (phdr->flags & ELF_PF_X) && entry >= phdr->vaddr && entry - phdr->vaddr < phdr->filesz;
}

static const char *image_check(const void *image, size_t size, struct elf_info *info)
{
    struct elf_header header;
    uint32_t next_page = 0;
    bool entry_found = false;
    const char *reason = header_read(image, size, &header);

    if (reason != NULL)
        return reason;
    for (uint32_t i = 0; i < header.phnum; i++) {
        struct elf_phdr phdr;

        phdr_read(image, &header, i, &phdr);
        if (!phdr_is_load(&phdr))
            continue;
        if (++info->segments > ELF_SEGMENTS_MAX)
            return "too many segments";
        reason = phdr_accept(&phdr, size, &next_page);
        if (reason != NULL)
            return reason;
        entry_found = entry_found || phdr_has_entry(&phdr, header.entry);
    }
    info->entry = header.entry;
    return entry_found ? NULL : "the entry point is in no executable segment";
}

int elf_check(const void *image, size_t size, struct elf_info *info)
{
    *info = (struct elf_info){.entry = 0};
    info->reason = image_check(image, size, info);
    return info->reason == NULL ? 0 : -E_INVAL;
}

static uint32_t phdr_perm(const struct elf_phdr *phdr)
{
    return PERM_R | ((phdr->flags & ELF_PF_W) ? PERM_W : 0) |
           ((phdr->flags & ELF_PF_X) ? PERM_X : 0);
}

/* The index-th loadable program header; false if there is none. */
static bool phdr_find(const void *image, const struct elf_header *header, uint32_t index,
                      struct elf_phdr *phdr)
{
    for (uint32_t i = 0; i < header->phnum; i++) {
        phdr_read(image, header, i, phdr);
        if (phdr_is_load(phdr) && index-- == 0)
            return true;
    }
    return false;
}

int elf_segment(const void *image, size_t size, uint32_t index, struct elf_segment *segment)
{
    struct elf_header header;
    struct elf_phdr phdr;

    if (header_read(image, size, &header) != NULL)
        return -E_INVAL;
    if (!phdr_find(image, &header, index, &phdr) || phdr_check(&phdr, size) != NULL)
        return -E_INVAL;
    *segment = (struct elf_segment){
        .va = phdr.vaddr,
        .memsz = phdr.memsz,
        .fileoff = phdr.offset,
        .filesz = phdr.filesz,
        .perm = phdr_perm(&phdr),
    };
    return 0;
}
