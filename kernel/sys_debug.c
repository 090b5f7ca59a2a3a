/* The system call `debug`, see abi/debug.h: in builds without tests there is none. */
#include "abi/debug.h"
#include "abi/errors.h"
#include "kernel/check/check.h"
#include "kernel/check/inject.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

#if GRAIN_KTEST
_Static_assert(sizeof(((struct debug_report *)0)->first) == CHECK_TEXT_MAX, "a line of the check");
_Static_assert(sizeof(struct debug_report) <= UTCB_BUF_WORDS * 4, "it travels in utcb->buf");

static int32_t debug_check(const struct env *self)
{
    struct debug_report *report = (struct debug_report *)self->utcb->buf;
    int32_t result = check_system();

    if (result <= 0)
        return result;
    report->violations = (uint32_t)result;
    strlcpy(report->first, check_first(), sizeof(report->first));
    return -E_FAULT;
}

REGPARM int32_t sys_debug(struct env *self)
{
    switch (self->regs.edx) {
    case DEBUG_CHECK:
        return debug_check(self);
    case DEBUG_FAIL_FRAMES:
        return (int32_t)(inject_fail_frames(self->regs.ebx, self->regs.esi) & INT32_MAX);
    case DEBUG_DELAY:
        if (self->regs.ebx >= DEBUG_DELAYS)
            return -E_INVAL;
        return (int32_t)(inject_set_delay((enum debug_delay)self->regs.ebx, self->regs.esi) &
                         INT32_MAX);
    default:
        return -E_INVAL;
    }
}
#else
REGPARM int32_t sys_debug(struct env *self)
{
    (void)self;
    return -E_NO_SYS;
}
#endif
