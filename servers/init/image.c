/* The boot image, see image.h. */
#include "servers/init/image.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "grain/windows.h"
#include "servers/bootfs/tar.h"

#define IMAGE_NAME "boot.tar"

/* Whether the first word of a module's command line is the image's name, perhaps with a folder. */
static bool is_image(const char *cmdline)
{
    size_t len = strcspn(cmdline, " ");
    const size_t name_len = strlen(IMAGE_NAME);

    return len >= name_len && strncmp(cmdline + len - name_len, IMAGE_NAME, name_len) == 0 &&
           (len == name_len || cmdline[len - name_len - 1] == '/');
}

const struct sysinfo_module *image_module(void)
{
    const struct sysinfo *info = sysinfo();

    for (uint32_t i = 1; i < info->nmodules; i++) {
        if (is_image(info->modules[i].cmdline))
            return &info->modules[i];
    }
    return NULL;
}

bool image_find(const char *name, struct image_file *file)
{
    const struct sysinfo_module *module = image_module();
    const char *reason = "there is none";
    struct tar_file found;
    int result = -1;

    if (module != NULL)
        result = tar_find((const void *)(uintptr_t)module->va, module->size, name, &found, &reason);
    if (result == 0)
        printf("init: %s is not in the boot image\n", name);
    else if (result < 0)
        printf("init: %s is not found, the boot image is malformed: %s\n", name, reason);
    if (result != 1)
        return false;
    *file = (struct image_file){
        .data = (const void *)(uintptr_t)(module->va + found.offset),
        .size = found.size,
    };
    return true;
}
