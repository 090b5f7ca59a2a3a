/* Error numbers: the one list of the kernel, the servers and the library.
 *
 * A call that fails returns the number negated (`return -E_INVAL;`). The first eight keep the
 * names and numbers of MIT JOS (inc/error.h), so that its programs find what they expect.
 * GRAIN_ERROR_LIST(X) expands X(name, number, text) once for each error.
 */
#ifndef GRAIN_ABI_ERRORS_H
#define GRAIN_ABI_ERRORS_H

/* clang-format off */
#define GRAIN_ERROR_LIST(X)                                                     \
    X(E_UNSPECIFIED,   1, "unspecified or unknown problem")                     \
    X(E_BAD_ENV,       2, "env does not exist or is not one's own")             \
    X(E_INVAL,         3, "invalid argument")                                   \
    X(E_NO_MEM,        4, "out of memory")                                      \
    X(E_NO_FREE_ENV,   5, "out of envs")                                        \
    X(E_FAULT,         6, "memory fault")                                       \
    X(E_IPC_NOT_RECV,  7, "env is not receiving")                               \
    X(E_EOF,           8, "unexpected end of file")                             \
    X(E_NO_SYS,        9, "no such system call")                                \
    X(E_PERM,         10, "forbidden by the env's limits")                      \
    X(E_TIMEOUT,      11, "timed out")                                          \
    X(E_ABORTED,      12, "cancelled")                                          \
    X(E_DEAD,         13, "the partner died")                                   \
    X(E_QUOTA,        14, "the address space's frame quota is used up")         \
    X(E_MSG_SIZE,     15, "message does not fit the receiver's window")         \
    X(E_BUSY,         16, "in use or not in the state that this needs")
/* clang-format on */

enum grain_error {
#define X(name, number, text) name = (number),
    GRAIN_ERROR_LIST(X)
#undef X
        GRAIN_ERROR_MAX
};

#endif
