/* servers/bootfs/tar.c: good archives, every kind of bad one, and bytes at random. */
#include "servers/bootfs/tar.h"

#include <stdlib.h>

#include "abi/errors.h"
#include "abi/layout.h"
#include "unit.h"

#define BLOCK 512u

static struct {
    uint32_t size;
    uint8_t bytes[16 * PAGE_SIZE];
} image;

static void set_checksum(uint8_t *header)
{
    unsigned int sum = 0;

    memset(header + 148, ' ', 8);
    for (uint32_t i = 0; i < BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    header[155] = ' ';
}

static uint8_t *add_header(const char *name, uint32_t size, char kind)
{
    uint8_t *header = image.bytes + image.size;

    memset(header, 0, BLOCK);
    strncpy((char *)header, name, 99);
    snprintf((char *)header + 124, 12, "%011o", size);
    header[156] = (uint8_t)kind;
    memcpy(header + 257, "ustar\00000", 8);
    set_checksum(header);
    image.size += BLOCK;
    return header;
}

/* A file whose data begins on a page, with what pads it. */
static uint8_t *add_file(const char *name, uint32_t size)
{
    uint32_t room = (0u - image.size - BLOCK) % PAGE_SIZE;
    uint8_t *header;

    if (room != 0) {
        (void)add_header("pad", room - BLOCK, 'x');
        image.size += room - BLOCK;
    }
    header = add_header(name, size, '0');
    memset(image.bytes + image.size, name[0], size);
    image.size += (size + BLOCK - 1) & ~(BLOCK - 1);
    return header;
}

static void begin(void)
{
    memset(&image, 0, sizeof(image));
}

static void end(void)
{
    image.size += 2 * BLOCK;
}

/* Reads the whole archive, from a copy of just its size. Returns the last result; *count: files found. */
static int read_all(uint32_t *count, const char **reason)
{
    uint8_t *copy = malloc(image.size + 1);
    struct tar_file file;
    uint32_t at = 0;
    int result;

    memcpy(copy, image.bytes, image.size);
    *reason = NULL;
    for (*count = 0; (result = tar_next(copy, image.size, &at, &file, reason)) == 1; ++*count) {
        CHECK(file.offset <= image.size && file.size <= image.size - file.offset);
        CHECK(file.offset % PAGE_SIZE == 0);
        CHECK(strnlen(file.name, TAR_NAME_MAX) < TAR_NAME_MAX);
        if (file.size != 0)
            CHECK(copy[file.offset + file.size - 1] == image.bytes[file.offset + file.size - 1]);
    }
    free(copy);
    return result;
}

static void tar_files_are_found(void)
{
    const char *reason;
    struct tar_file file;
    uint32_t count;

    begin();
    (void)add_file("alpha", 5000);
    (void)add_file("beta", 0);
    (void)add_file("gamma", 512);
    end();
    CHECK_INT(read_all(&count, &reason), 0);
    CHECK_INT(count, 3);
    CHECK_INT(tar_find(image.bytes, image.size, "gamma", &file, &reason), 1);
    CHECK_INT(file.size, 512);
    CHECK_INT(image.bytes[file.offset], 'g');
    CHECK_INT(tar_find(image.bytes, image.size, "beta", &file, &reason), 1);
    CHECK_INT(file.size, 0);
    CHECK_INT(tar_find(image.bytes, image.size, "delta", &file, &reason), 0);
    CHECK_INT(tar_find(image.bytes, image.size, "pad", &file, &reason), 0);
}

static void expect_bad(const char *what)
{
    const char *reason;
    uint32_t count;

    CHECK_INT(read_all(&count, &reason), -E_INVAL);
    CHECK(reason != NULL && strstr(reason, what) != NULL);
}

static void tar_empty_image_is_malformed(void)
{
    begin();
    expect_bad("end mark");
    image.size = 100;
    expect_bad("end mark");
}

static void tar_without_end_is_malformed(void)
{
    const char *reason;
    uint32_t count;

    begin();
    (void)add_file("alpha", 5000);
    CHECK_INT(read_all(&count, &reason), -E_INVAL);
    CHECK_INT(count, 1);
    CHECK(strstr(reason, "end mark") != NULL);
}

static void tar_bad_headers_are_named(void)
{
    uint8_t *header;

    begin();
    header = add_file("alpha", 5000);
    end();
    header[0] ^= 1;
    expect_bad("checksum");
    memcpy(header + 257, "nosta", 5);
    set_checksum(header);
    expect_bad("ustar");
    memcpy(header + 257, "ustar", 5);
    header[130] = 'x';
    set_checksum(header);
    expect_bad("size");
    header[130] = '0';
    memset(header, 'n', 100);
    set_checksum(header);
    expect_bad("name");
    memset(header, 0, 100);
    set_checksum(header);
    expect_bad("name");
}

static void tar_sizes_stay_inside(void)
{
    static const struct {
        const char *size;
        const char *reason;
    } bad[] = {
        {"77777777777", "no number"}, /* does not fit 32 bits */
        {"37777777777", "beyond"},    /* 2^32 - 1 */
        {"00000200000", "beyond"},    /* 64 KiB */
    };
    uint8_t *header;

    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin();
        header = add_file("alpha", 5000);
        end();
        memcpy(header + 124, bad[i].size, 11);
        set_checksum(header);
        expect_bad(bad[i].reason);
    }
    begin();
    (void)add_file("alpha", 512);
    image.size -= 1; /* the file ends where the image ends, less one byte */
    expect_bad("beyond");
}

static void tar_unaligned_file_is_malformed(void)
{
    begin();
    (void)add_header("alpha", 100, '0');
    image.size += BLOCK;
    end();
    expect_bad("page");
}

/* No archive, however broken, is read beyond its end (the address sanitizer watches the copy), and each
 * reading ends. */
static void tar_random_damage_does_no_harm(void)
{
    const char *reason;
    uint32_t count;

    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t damages = 1 + unit_random(8);

        begin();
        for (uint32_t files = unit_random(5); files > 0; files--)
            (void)add_file("file", unit_random(6000));
        end();
        for (; damages > 0; damages--) {
            uint32_t at = unit_random(image.size);
            uint32_t header = at & ~(PAGE_SIZE - 1);

            if (header >= BLOCK && unit_random(2) == 0)
                at = header - BLOCK + unit_random(BLOCK);
            image.bytes[at] =
                unit_random(2) == 0 ? (uint8_t)unit_random(256) : (uint8_t)('0' + unit_random(8));
            if (header >= BLOCK && unit_random(2) == 0)
                set_checksum(image.bytes + header - BLOCK);
        }
        if (unit_random(4) == 0)
            image.size -= unit_random(image.size);
        (void)read_all(&count, &reason);
        CHECK(count <= 16);
    }
}

int main(void)
{
    UNIT_RUN(tar_files_are_found);
    UNIT_RUN(tar_empty_image_is_malformed);
    UNIT_RUN(tar_without_end_is_malformed);
    UNIT_RUN(tar_bad_headers_are_named);
    UNIT_RUN(tar_sizes_stay_inside);
    UNIT_RUN(tar_unaligned_file_is_malformed);
    UNIT_RUN(tar_random_damage_does_no_harm);
    return unit_done();
}
