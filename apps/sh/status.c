/* How a process ended, see apps/sh/status.h. */
#include "apps/sh/status.h"

#include "abi/proc.h"

int status_code(uint32_t status)
{
    if (status & PROC_STATUS_NO_MEMORY)
        return STATUS_NO_MEMORY;
    if (status & PROC_STATUS_FAULT)
        return STATUS_FAULT;
    if (status & PROC_STATUS_KILLED)
        return STATUS_KILLED;
    return (int)PROC_STATUS_EXIT(status);
}
