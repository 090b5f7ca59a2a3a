/* ls: the files of the boot image. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/error.h"
#include "apps/options.h"
#include "grain/bootfs.h"

static bool with_size;

static const struct option list[] = {
    {'l', "long", NULL, "with the size in bytes", .flag = &with_size},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "ls",
    .operands = "[NAME...]",
    .text = "Lists the files of the boot image: all of them, or those that are NAME or in\n"
            "the folder NAME.",
    .list = list,
    .operands_most = OPTIONS_ANY_NUMBER,
};

/* Whether `path` is the file `name`, or in the folder of that name; "" and "/" are the top folder. */
static bool is_in(const char *path, const char *name)
{
    name += strspn(name, "/");
    size_t len = strlen(name);

    while (len > 0 && name[len - 1] == '/')
        len--;
    return strncmp(path, name, len) == 0 && (len == 0 || path[len] == 0 || path[len] == '/');
}

static void print_file(const char *path, const struct bootfs_file *file)
{
    if (with_size)
        printf("%9u  %s\n", file->size, path);
    else
        printf("%s\n", path);
}

/* Returns how many files there were, or a negated error. */
static int list_files(const char *name)
{
    char path[SERVER_STRING_MAX];
    struct bootfs_file file;
    int count = 0;
    int result;

    for (uint32_t i = 0; (result = bootfs_list(i, &file, path)) >= 0; i++) {
        if (!is_in(path, name))
            continue;
        print_file(path, &file);
        count++;
    }
    return result == -E_EOF ? count : result;
}

static int list_name(const char *name)
{
    int count = list_files(name);

    if (count < 0)
        return error_print("no files: %s", grain_strerror(count));
    if (count == 0 && name[0] != 0)
        return error_print("%s: there is no such file or folder", name);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = options_parse(&command_line, argc, argv);
    int status = EXIT_SUCCESS;

    if (first == argc)
        return list_name("");
    for (int i = first; i < argc; i++) {
        if (list_name(argv[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    }
    return status;
}
