/* Names and texts of error numbers, from the one list. */
#include <errno.h>
#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
} errors[GRAIN_ERROR_MAX] = {[0] = {"0", "success"},
#define X(error, number, description) [number] = {#error, description},
                             GRAIN_ERROR_LIST(X)
#undef X
};

static unsigned int error_index(int error)
{
    unsigned int index = error < 0 ? 0 - (unsigned int)error : (unsigned int)error;

    return index < GRAIN_ERROR_MAX && errors[index].name != NULL ? index : GRAIN_ERROR_MAX;
}

const char *grain_strerror(int error)
{
    unsigned int index = error_index(error);

    return index == GRAIN_ERROR_MAX ? "unknown error" : errors[index].text;
}

const char *grain_errname(int error)
{
    unsigned int index = error_index(error);

    return index == GRAIN_ERROR_MAX ? "E_?" : errors[index].name;
}
