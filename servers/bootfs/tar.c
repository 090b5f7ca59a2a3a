/* The tar parser, see tar.h. The format: POSIX.1-2017, pax, "ustar Interchange Format". */
#include "servers/bootfs/tar.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/layout.h"

#define BLOCK 512u

struct tar_header {
    char name[TAR_NAME_MAX];
    char mode[8], owner[8], group[8];
    char size[12];
    char time[12];
    char checksum[8];
    char kind;
    char link[100];
    char magic[6];
    char rest[249];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "a header is a block");

/* Octal digits up to a blank, a 0, or the field's end. */
static bool read_octal(const char *field, uint32_t len, uint32_t *value)
{
    uint32_t i = 0;

    *value = 0;
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++) {
        if (*value >> 29 != 0)
            return false;
        *value = *value << 3 | (uint32_t)(field[i] - '0');
    }
    return i == len || field[i] == ' ' || field[i] == 0;
}

/* The sum of the header's bytes, its own checksum counted as blanks. */
static uint32_t header_sum(const struct tar_header *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    const uint32_t start = offsetof(struct tar_header, checksum);
    uint32_t sum = 0;

    for (uint32_t i = 0; i < BLOCK; i++)
        sum += i >= start && i < start + sizeof(header->checksum) ? ' ' : bytes[i];
    return sum;
}

static bool is_end_mark(const struct tar_header *header)
{
    const char *bytes = (const char *)header;

    for (uint32_t i = 0; i < BLOCK; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* What is wrong with a header whose data would begin at `offset`; NULL if nothing is. */
static const char *check_header(const struct tar_header *header, uint32_t offset, uint32_t size,
                                uint32_t *file_size)
{
    uint32_t sum;

    if (memcmp(header->magic, "ustar", sizeof(header->magic)) != 0)
        return "not a ustar header";
    if (!read_octal(header->checksum, sizeof(header->checksum), &sum) || sum != header_sum(header))
        return "a header's checksum is wrong";
    if (!read_octal(header->size, sizeof(header->size), file_size))
        return "a file's size is no number";
    if (*file_size > size - offset)
        return "a file goes beyond the end";
    if (header->name[0] == 0 || memchr(header->name, 0, sizeof(header->name)) == NULL)
        return "a file's name is empty or too long";
    return NULL;
}

static bool is_regular(const struct tar_header *header)
{
    return header->kind == '0' || header->kind == 0;
}

/* The entry at *at, which is moved behind it, whatever its kind. 0: the end mark. */
static int next_entry(const void *image, uint32_t size, uint32_t *at, struct tar_file *file,
                      bool *regular, const char **reason)
{
    const struct tar_header *header = (const void *)((const char *)image + *at);

    *reason = "it ends without an end mark";
    if (*at > size || size - *at < BLOCK)
        return -E_INVAL;
    if (is_end_mark(header))
        return 0;
    file->offset = *at + BLOCK;
    *reason = check_header(header, file->offset, size, &file->size);
    if (*reason != NULL)
        return -E_INVAL;
    memcpy(file->name, header->name, sizeof(file->name));
    *regular = is_regular(header);
    /* Does not wrap: data and so the image end below 4 GiB less a block. */
    *at = file->offset + ((file->size + BLOCK - 1) & ~(BLOCK - 1));
    return 1;
}

int tar_next(const void *image, uint32_t size, uint32_t *at, struct tar_file *file,
             const char **reason)
{
    bool regular = false;
    int result;

    if (size > UINT32_MAX - 2 * BLOCK) {
        *reason = "it is too large";
        return -E_INVAL;
    }
    do {
        result = next_entry(image, size, at, file, &regular, reason);
    } while (result == 1 && !regular);
    if (result == 1 && (file->offset & PAGE_MASK) != 0) {
        *reason = "a file does not begin on a page";
        return -E_INVAL;
    }
    return result;
}

int tar_find(const void *image, uint32_t size, const char *name, struct tar_file *file,
             const char **reason)
{
    uint32_t at = 0;
    int result;

    while ((result = tar_next(image, size, &at, file, reason)) == 1) {
        if (strcmp(file->name, name) == 0)
            break;
    }
    return result;
}
