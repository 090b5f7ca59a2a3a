/* The boot image, boot.tar, among the boot modules. */
#ifndef INIT_IMAGE_H
#define INIT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/sysinfo.h"

/* The module; NULL: init was booted without. */
const struct sysinfo_module *image_module(void);

/* A file in it. Says in one line what is wrong, if anything, and returns false. */
struct image_file {
    const void *data;
    uint32_t size;
};
bool image_find(const char *name, struct image_file *file);

#endif
