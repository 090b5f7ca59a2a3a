/* The ELF parser: a good image, each way to be malformed, and random damage under the sanitizers. */
#include "kernel/elf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/layout.h"
#include "abi/perm.h"

#define IMAGE_SIZE 0x3000u
#define PHDRS      52u
#define SEGMENTS   3u

#define FUZZ_ROUNDS 200000u

/* Offsets of fields: System V ABI, figures 4-3 and 5-1. */
enum {
    EH_CLASS = 4,
    EH_TYPE = 16,
    EH_MACHINE = 18,
    EH_ENTRY = 24,
    EH_PHOFF = 28,
    EH_PHENTSIZE = 42,
    EH_PHNUM = 44,
};
enum { PH_TYPE = 0, PH_OFFSET = 4, PH_VADDR = 8, PH_FILESZ = 16, PH_MEMSZ = 20, PH_FLAGS = 24 };

static unsigned int tests;
static unsigned int failures;

static void check(bool good, const char *id)
{
    printf("%s %u - elf_%s\n", good ? "ok" : "not ok", ++tests, id);
    failures += !good;
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

static uint32_t phdr_at(uint32_t index, uint32_t field)
{
    return PHDRS + index * 32 + field;
}

static void put_segment(uint8_t *image, uint32_t index, const struct elf_segment *segment)
{
    uint32_t flags = 4 | (segment->perm & PERM_W ? 2 : 0) | (segment->perm & PERM_X ? 1 : 0);

    put32(image + phdr_at(index, PH_TYPE), 1);
    put32(image + phdr_at(index, PH_OFFSET), segment->fileoff);
    put32(image + phdr_at(index, PH_VADDR), segment->va);
    put32(image + phdr_at(index, PH_FILESZ), segment->filesz);
    put32(image + phdr_at(index, PH_MEMSZ), segment->memsz);
    put32(image + phdr_at(index, PH_FLAGS), flags);
}

static const struct elf_segment good_segments[SEGMENTS] = {
    {.va = 0x800000, .memsz = 0x1234, .fileoff = 0x1000, .filesz = 0x1234, .perm = PERM_RX},
    {.va = 0x802000, .memsz = 0x10, .fileoff = 0x2300, .filesz = 0x10, .perm = PERM_R},
    {.va = 0x803004, .memsz = 0x5000, .fileoff = 0x2400, .filesz = 0x100, .perm = PERM_RW},
};

static void make_good(uint8_t *image)
{
    memset(image, 0, IMAGE_SIZE);
    memcpy(image, "\177ELF\1\1\1", 7);
    put16(image + EH_TYPE, 2);
    put16(image + EH_MACHINE, 3);
    put32(image + EH_ENTRY, 0x800010);
    put32(image + EH_PHOFF, PHDRS);
    put16(image + EH_PHENTSIZE, 32);
    put16(image + EH_PHNUM, SEGMENTS);
    for (uint32_t i = 0; i < SEGMENTS; i++)
        put_segment(image, i, &good_segments[i]);
}

/* The same bytes at the end of a heap block, so that the sanitizer sees each byte read beyond. */
static int check_exact(const uint8_t *image, size_t size, struct elf_info *info)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    int result;

    if (copy == NULL)
        abort();
    memcpy(copy, image, size);
    result = elf_check(copy, size, info);
    for (uint32_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
        struct elf_segment segment;

        if (elf_segment(copy, size, i, &segment) == 0 &&
            (segment.fileoff > size || segment.filesz > size - segment.fileoff ||
             segment.filesz > segment.memsz || segment.va < ELF_LOWEST || segment.va >= USER_TOP ||
             segment.memsz > USER_TOP - segment.va || segment.memsz == 0)) {
            printf("# segment %u: va %#x memsz %#x fileoff %#x filesz %#x of %#zx\n", i, segment.va,
                   segment.memsz, segment.fileoff, segment.filesz, size);
            abort();
        }
    }
    free(copy);
    return result;
}

static void check_good(const uint8_t *image)
{
    struct elf_info info;
    struct elf_segment segment;
    bool same = true;

    check(check_exact(image, IMAGE_SIZE, &info) == 0 && info.reason == NULL, "good");
    check(info.entry == 0x800010 && info.segments == SEGMENTS, "good_info");
    for (uint32_t i = 0; i < SEGMENTS; i++)
        same = same && elf_segment(image, IMAGE_SIZE, i, &segment) == 0 &&
               memcmp(&segment, &good_segments[i], sizeof(segment)) == 0;
    check(same, "good_segments");
    check(elf_segment(image, IMAGE_SIZE, SEGMENTS, &segment) == -E_INVAL, "segment_beyond_last");
}

/* One field of the good image changed; the image must then be refused, with a reason. */
struct damage {
    const char *id;
    uint32_t at;
    uint32_t bytes;
    uint32_t value;
};

static const struct damage damages[] = {
    {"bad_magic", 0, 2, 0},
    {"bad_class", EH_CLASS, 2, 0x102},
    {"bad_type", EH_TYPE, 2, 3},
    {"bad_machine", EH_MACHINE, 2, 62},
    {"entry_outside", EH_ENTRY, 4, 0x7fffff},
    {"entry_behind_file_part", EH_ENTRY, 4, 0x801234},
    {"entry_in_data", EH_ENTRY, 4, 0x803004},
    {"phoff_beyond", EH_PHOFF, 4, IMAGE_SIZE - 95},
    {"phoff_wraps", EH_PHOFF, 4, 0xffffffe0},
    {"phentsize", EH_PHENTSIZE, 2, 40},
    {"phnum_zero", EH_PHNUM, 2, 0},
    {"phnum_huge", EH_PHNUM, 2, 0xffff},
    {"filesz_above_memsz", PHDRS + 32 + PH_FILESZ, 4, 0x11},
    {"offset_beyond", PHDRS + 32 + PH_OFFSET, 4, IMAGE_SIZE - 15},
    {"offset_wraps", PHDRS + 32 + PH_OFFSET, 4, 0xfffffff8},
    {"va_zero", PHDRS + PH_VADDR, 4, 0},
    {"va_below_lowest", PHDRS + PH_VADDR, 4, ELF_LOWEST - 1},
    {"va_kernel", PHDRS + 64 + PH_VADDR, 4, KERNEL_BASE},
    {"va_ends_above_user", PHDRS + 64 + PH_VADDR, 4, USER_TOP - 0x4fff},
    {"va_wraps", PHDRS + 64 + PH_VADDR, 4, 0xfffff000},
    {"memsz_wraps", PHDRS + 64 + PH_MEMSZ, 4, 0xffffffff},
    {"writable_and_executable", PHDRS + 64 + PH_FLAGS, 4, 7},
    {"shared_page", PHDRS + 32 + PH_VADDR, 4, 0x801300},
    {"falling", PHDRS + 32 + PH_VADDR, 4, 0x700000},
    {"no_load", PHDRS + PH_TYPE, 4, 6},
};

static void check_damages(const uint8_t *good)
{
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        uint8_t image[IMAGE_SIZE];
        struct elf_info info;

        memcpy(image, good, IMAGE_SIZE);
        if (damages[i].bytes == 4)
            put32(image + damages[i].at, damages[i].value);
        else
            put16(image + damages[i].at, damages[i].value);
        check(check_exact(image, IMAGE_SIZE, &info) == -E_INVAL && info.reason != NULL,
              damages[i].id);
    }
}

static void check_sizes(const uint8_t *good)
{
    struct elf_info info;
    bool refused = true;

    /* The last segment ends at 0x2500: whatever is shorter is cut. */
    for (size_t size = 0; size < 0x2500; size++)
        refused = refused && check_exact(good, size, &info) == -E_INVAL;
    check(refused, "cut_short");
    check(check_exact(good, 0x2500, &info) == 0, "exact_size");
}

static void check_edges(uint8_t *image)
{
    struct elf_info info;

    make_good(image);
    put32(image + phdr_at(2, PH_VADDR), USER_TOP - 0x5000);
    check(check_exact(image, IMAGE_SIZE, &info) == 0, "ends_at_user_top");
    make_good(image);
    put32(image + phdr_at(1, PH_MEMSZ), 0);
    put32(image + phdr_at(1, PH_FILESZ), 0);
    check(check_exact(image, IMAGE_SIZE, &info) == 0 && info.segments == SEGMENTS - 1,
          "empty_segment_is_none");
    make_good(image);
    put16(image + EH_PHNUM, ELF_SEGMENTS_MAX + 1);
    for (uint32_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
        struct elf_segment segment = {
            .va = 0x800000 + i * PAGE_SIZE, .memsz = 0x100, .perm = PERM_R};

        put_segment(image, i, &segment);
    }
    check(check_exact(image, IMAGE_SIZE, &info) == -E_INVAL, "too_many_segments");
}

/* Random fields of a good image get random or telling values. What is accepted must be harmless:
 * check_exact aborts else. */
static void check_random_damage(uint8_t *image)
{
    static const uint32_t telling[] = {0,          1,          0xfff,      0x1000,
                                       0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};
    uint32_t seed = 1;
    uint32_t accepted = 0;

    for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
        struct elf_info info;

        make_good(image);
        for (uint32_t changes = round % 4; changes-- > 0;) {
            seed = seed * 1664525 + 1013904223;
            uint32_t at = (seed >> 8) % (PHDRS + SEGMENTS * 32 - 4);
            seed = seed * 1664525 + 1013904223;
            put32(image + at, seed & 1 ? telling[seed >> 29] : seed >> 1);
        }
        accepted += check_exact(image, 0x2500, &info) == 0;
    }
    check(accepted > FUZZ_ROUNDS / 4 && accepted < FUZZ_ROUNDS, "random_damage");
}

int main(void)
{
    static uint8_t image[IMAGE_SIZE];

    make_good(image);
    check_good(image);
    check_damages(image);
    check_sizes(image);
    check_edges(image);
    check_random_damage(image);
    printf("1..%u\n", tests);
    return failures != 0;
}
