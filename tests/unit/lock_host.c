/* What the lock framework needs on the host: a record of held locks a thread, and a turn of waiting. */
#include <sched.h>

#include "kernel/lock/lock.h"

_Thread_local struct lock_cpu lock_host_cpu;

void lock_relax(void)
{
    (void)sched_yield();
}
