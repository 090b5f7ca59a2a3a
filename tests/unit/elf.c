/* The ELF parser: a good image, each way to be malformed, and random damage under the sanitizers. */
#include "unit.h"

#include <stdlib.h>

#include "abi/errors.h"
#include "abi/layout.h"
#include "abi/perm.h"
#include "kernel/elf.h"

#define IMAGE_SIZE 0x3000u
#define PHDRS      52u
#define SEGMENTS   3u

#define GOOD_END    0x2500u
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

static void put_segment(uint8_t *to, uint32_t index, const struct elf_segment *segment)
{
    uint32_t flags = 4 | (segment->perm & PERM_W ? 2 : 0) | (segment->perm & PERM_X ? 1 : 0);

    put32(to + phdr_at(index, PH_TYPE), 1);
    put32(to + phdr_at(index, PH_OFFSET), segment->fileoff);
    put32(to + phdr_at(index, PH_VADDR), segment->va);
    put32(to + phdr_at(index, PH_FILESZ), segment->filesz);
    put32(to + phdr_at(index, PH_MEMSZ), segment->memsz);
    put32(to + phdr_at(index, PH_FLAGS), flags);
}

static const struct elf_segment good_segments[SEGMENTS] = {
    {.va = 0x800000, .memsz = 0x1234, .fileoff = 0x1000, .filesz = 0x1234, .perm = PERM_RX},
    {.va = 0x802000, .memsz = 0x10, .fileoff = 0x2300, .filesz = 0x10, .perm = PERM_R},
    {.va = 0x803004, .memsz = 0x5000, .fileoff = 0x2400, .filesz = 0x100, .perm = PERM_RW},
};

static void make_good(uint8_t *to)
{
    memset(to, 0, IMAGE_SIZE);
    memcpy(to, "\177ELF\1\1\1", 7);
    put16(to + EH_TYPE, 2);
    put16(to + EH_MACHINE, 3);
    put32(to + EH_ENTRY, 0x800010);
    put32(to + EH_PHOFF, PHDRS);
    put16(to + EH_PHENTSIZE, 32);
    put16(to + EH_PHNUM, SEGMENTS);
    for (uint32_t i = 0; i < SEGMENTS; i++)
        put_segment(to, i, &good_segments[i]);
}

/* The same bytes at the end of a heap block, so that the sanitizer sees each byte read beyond. */
static int check_exact(const uint8_t *bytes, size_t size, struct elf_info *info)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    int result;

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
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

static uint8_t image[IMAGE_SIZE];

static bool is_refused(size_t size)
{
    struct elf_info info;

    return check_exact(image, size, &info) == -E_INVAL && info.reason != NULL;
}

static void elf_good(void)
{
    struct elf_info info;

    make_good(image);
    CHECK_INT(check_exact(image, IMAGE_SIZE, &info), 0);
    CHECK(info.reason == NULL);
    CHECK_INT(info.entry, 0x800010);
    CHECK_INT(info.segments, SEGMENTS);
}

static void elf_good_segments(void)
{
    struct elf_segment segment;

    make_good(image);
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        CHECK_INT(elf_segment(image, IMAGE_SIZE, i, &segment), 0);
        CHECK(memcmp(&segment, &good_segments[i], sizeof(segment)) == 0);
    }
    CHECK_INT(elf_segment(image, IMAGE_SIZE, SEGMENTS, &segment), -E_INVAL);
}

/* One field of the good image changed; the image must then be refused, with a reason. */
struct damage {
    const char *id;
    uint32_t at;
    uint32_t bytes;
    uint32_t value;
};

static const struct damage damages[] = {
    {"elf_bad_magic", 0, 2, 0},
    {"elf_bad_class", EH_CLASS, 2, 0x102},
    {"elf_bad_type", EH_TYPE, 2, 3},
    {"elf_bad_machine", EH_MACHINE, 2, 62},
    {"elf_entry_outside", EH_ENTRY, 4, 0x7fffff},
    {"elf_entry_behind_file_part", EH_ENTRY, 4, 0x801234},
    {"elf_entry_in_data", EH_ENTRY, 4, 0x803004},
    {"elf_phoff_beyond", EH_PHOFF, 4, IMAGE_SIZE - 95},
    {"elf_phoff_wraps", EH_PHOFF, 4, 0xffffffe0},
    {"elf_phentsize", EH_PHENTSIZE, 2, 40},
    {"elf_phnum_zero", EH_PHNUM, 2, 0},
    {"elf_phnum_huge", EH_PHNUM, 2, 0xffff},
    {"elf_filesz_above_memsz", PHDRS + 32 + PH_FILESZ, 4, 0x11},
    {"elf_offset_beyond", PHDRS + 32 + PH_OFFSET, 4, IMAGE_SIZE - 15},
    {"elf_offset_wraps", PHDRS + 32 + PH_OFFSET, 4, 0xfffffff8},
    {"elf_va_zero", PHDRS + PH_VADDR, 4, 0},
    {"elf_va_below_lowest", PHDRS + PH_VADDR, 4, ELF_LOWEST - 1},
    {"elf_va_kernel", PHDRS + 64 + PH_VADDR, 4, KERNEL_BASE},
    {"elf_va_ends_above_user", PHDRS + 64 + PH_VADDR, 4, USER_TOP - 0x4fff},
    {"elf_va_wraps", PHDRS + 64 + PH_VADDR, 4, 0xfffff000},
    {"elf_memsz_wraps", PHDRS + 64 + PH_MEMSZ, 4, 0xffffffff},
    {"elf_writable_and_executable", PHDRS + 64 + PH_FLAGS, 4, 7},
    {"elf_shared_page", PHDRS + 32 + PH_VADDR, 4, 0x801300},
    {"elf_falling", PHDRS + 32 + PH_VADDR, 4, 0x700000},
    {"elf_no_load", PHDRS + PH_TYPE, 4, 6},
};

static const struct damage *damage;

static void elf_damaged(void)
{
    make_good(image);
    if (damage->bytes == 4)
        put32(image + damage->at, damage->value);
    else
        put16(image + damage->at, damage->value);
    CHECK(is_refused(IMAGE_SIZE));
}

/* The last segment ends at GOOD_END: whatever is shorter is cut. */
static void elf_cut_short(void)
{
    struct elf_info info;

    make_good(image);
    for (size_t size = 0; size < GOOD_END; size++)
        CHECK(is_refused(size));
    CHECK_INT(check_exact(image, GOOD_END, &info), 0);
}

static void elf_ends_at_user_top(void)
{
    struct elf_info info;

    make_good(image);
    put32(image + phdr_at(2, PH_VADDR), USER_TOP - 0x5000);
    CHECK_INT(check_exact(image, IMAGE_SIZE, &info), 0);
}

static void elf_empty_segment_is_none(void)
{
    struct elf_info info;

    make_good(image);
    put32(image + phdr_at(1, PH_MEMSZ), 0);
    put32(image + phdr_at(1, PH_FILESZ), 0);
    CHECK_INT(check_exact(image, IMAGE_SIZE, &info), 0);
    CHECK_INT(info.segments, SEGMENTS - 1);
}

static void elf_too_many_segments(void)
{
    make_good(image);
    put16(image + EH_PHNUM, ELF_SEGMENTS_MAX + 1);
    for (uint32_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
        struct elf_segment segment = {
            .va = 0x800000 + i * PAGE_SIZE,
            .memsz = 0x100,
            .filesz = 0x100,
            .perm = i == 0 ? PERM_RX : PERM_R,
        };

        put_segment(image, i, &segment);
    }
    CHECK(is_refused(IMAGE_SIZE));
    put16(image + EH_PHNUM, ELF_SEGMENTS_MAX);
    CHECK(!is_refused(IMAGE_SIZE));
}

/* Random fields of a good image get random or telling values. What is accepted must be harmless:
 * check_exact aborts else. */
static void elf_random_damage(void)
{
    static const uint32_t telling[] = {0,          1,          0xfff,      0x1000,
                                       0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};
    uint32_t accepted = 0;

    for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
        struct elf_info info;

        make_good(image);
        for (uint32_t changes = round % 4; changes-- > 0;) {
            uint32_t at = unit_random(PHDRS + SEGMENTS * 32 - 4);

            put32(image + at, unit_random(2) ? telling[unit_random(8)] : unit_random(UINT32_MAX));
        }
        accepted += check_exact(image, GOOD_END, &info) == 0;
    }
    CHECK(accepted > FUZZ_ROUNDS / 4 && accepted < FUZZ_ROUNDS);
}

int main(void)
{
    UNIT_RUN(elf_good);
    UNIT_RUN(elf_good_segments);
    for (damage = damages; damage < damages + sizeof(damages) / sizeof(damages[0]); damage++)
        unit_run(damage->id, elf_damaged);
    UNIT_RUN(elf_cut_short);
    UNIT_RUN(elf_ends_at_user_top);
    UNIT_RUN(elf_empty_segment_is_none);
    UNIT_RUN(elf_too_many_segments);
    UNIT_RUN(elf_random_damage);
    return unit_done();
}
