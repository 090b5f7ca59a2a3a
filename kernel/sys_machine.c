/* System calls on the machine: the console that the kernel keeps, I/O ports, counters. */
#include "abi/errors.h"
#include "abi/sysinfo.h"
#include "kernel/arch/x86/io.h"
#include "kernel/coverage/coverage.h"
#include "kernel/log.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/syscall.h"

REGPARM int32_t sys_log_write(struct env *self)
{
    uint32_t bytes = self->regs.edx;
    enum log_result result;

    if (bytes > sizeof(self->utcb->buf))
        return -E_INVAL;
    if (self->progress >= bytes)
        self->progress = 0;
    result = log_some(env_id(self), (const char *)self->utcb->buf, bytes, &self->progress);
    if (result == LOG_BUSY)
        syscall_restart(self);
    if (result == LOG_OTHERS)
        syscall_restart_later(self);
    self->progress = 0;
    return 0;
}

/* `bytes` bytes from `port` on: 0, or why not. */
static int port_check(const struct env *self, uint32_t port, uint32_t bytes)
{
    if ((bytes != 1 && bytes != 2 && bytes != 4) || port > 0x10000u - bytes)
        return -E_INVAL;
    for (uint32_t i = 0; i < ENV_PORT_LIST; i++) {
        const struct env_port_range *r = &self->limits.ports[i];

        if (port >= r->first && port + bytes - 1 <= r->last)
            return 0;
    }
    return -E_PERM;
}

REGPARM int32_t sys_port_in(struct env *self)
{
    uint16_t port = (uint16_t)self->regs.edx;
    uint32_t bytes = self->regs.ebx;
    uint32_t value;
    int error = port_check(self, self->regs.edx, bytes);

    if (error != 0)
        return error;
    value = bytes == 1 ? io_in8(port) : bytes == 2 ? io_in16(port) : io_in32(port);
    self->utcb->buf[0] = value;
    return bytes == 4 ? 0 : (int32_t)value;
}

REGPARM int32_t sys_port_out(struct env *self)
{
    uint16_t port = (uint16_t)self->regs.edx;
    uint32_t bytes = self->regs.ebx;
    uint32_t value = self->regs.esi;
    int error = port_check(self, self->regs.edx, bytes);

    if (error != 0)
        return error;
    coverage_before_port(port);
    if (bytes == 1)
        io_out8(port, (uint8_t)value);
    else if (bytes == 2)
        io_out16(port, (uint16_t)value);
    else
        io_out32(port, value);
    return 0;
}

REGPARM int32_t sys_kernel_info(struct env *self)
{
    struct kernel_counters counters = {
        .free_frames = frame_count_free(),
        .zeroed_frames = frame_count_zeroed(),
        .total_frames = frame_total,
        .envs = atomic_load(&env_used),
        .aspaces = atomic_load(&aspace_count),
    };

    for (uint32_t i = 0; i < cpu_count; i++) {
        counters.shootdowns += counter_read(&cpus[i]->shootdowns);
        counters.ipis += counter_read(&cpus[i]->ipis);
    }
    *(struct kernel_counters *)self->utcb->buf = counters;
    return 0;
}
