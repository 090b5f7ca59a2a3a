/* Undefined behaviour of C, in kernels of the kind `undefined` (docs/testing.md): what the compiler's checks call, by
 * the names of its minimal run-time library. Each is a panic, whose call chain begins where it happened. A kind
 * of check that is not here does not link.
 */
#include "kernel/compiler.h"
#include "kernel/panic.h"

/* clang-format off */
#define UNDEFINED_LIST(X)   \
    X(add_overflow)         \
    X(alignment_assumption) \
    X(divrem_overflow)      \
    X(function_type_mismatch) \
    X(invalid_builtin)      \
    X(load_invalid_value)   \
    X(mul_overflow)         \
    X(negate_overflow)      \
    X(nonnull_arg)          \
    X(nonnull_return)       \
    X(out_of_bounds)        \
    X(pointer_overflow)     \
    X(shift_out_of_bounds)  \
    X(sub_overflow)         \
    X(type_mismatch)        \
    X(vla_bound_not_positive)

/* There is no going on after these, in any build. */
#define UNDEFINED_END_LIST(X) \
    X(builtin_unreachable)    \
    X(missing_return)

#define HANDLER(kind, suffix)                                 \
    _Noreturn void __ubsan_handle_##kind##suffix(void);       \
    _Noreturn NOINLINE void __ubsan_handle_##kind##suffix(void) \
    {                                                         \
        panic("undefined behaviour: " #kind);                 \
    }
/* clang-format on */

#define X(kind) HANDLER(kind, _minimal_abort)
UNDEFINED_LIST(X)
#undef X

#define X(kind) HANDLER(kind, _minimal)
UNDEFINED_END_LIST(X)
#undef X
