/* fork(): all memory becomes copy-on-write, but the exception stack, which the child has its own of. */
#include "libuser/jos/cow.h"

envid_t fork(void)
{
    envid_t child;
    int r;

    set_pgfault_handler(jos_cow_fault);
    child = sys_exofork();
    if (child <= 0)
        return child;
    r = jos_cow_for_runs(0, UXSTACKTOP - PGSIZE, child, jos_cow_copy_run);
    if (r == 0)
        r = jos_cow_start_child(child);
    if (r == 0)
        return child;
    (void)sys_env_destroy(child);
    return r;
}
