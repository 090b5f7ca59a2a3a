/* What the lock framework needs on the host: a record of held locks a thread, and a turn of waiting. */
#include <sched.h>
#include <stdio.h>

#include "kernel/ksyms.h"
#include "kernel/lock/lock.h"

_Thread_local struct lock_cpu lock_host_cpu;

void lock_relax(void)
{
    (void)sched_yield();
}

const char *ksyms_describe(uint32_t addr, bool is_return, char *buf)
{
    (void)is_return;
    (void)snprintf(buf, KSYMS_TEXT_MAX, "%#x", addr);
    return buf;
}
