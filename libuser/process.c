/* Waiting for the end of envs that one controls, see grain/process.h. */
#include "grain/process.h"

#include "grain/notify.h"
#include "grain/syscall.h"
#include "libuser/internal.h"

/* The notification may be another child's, or old; a child that ends between the two calls has
 * notified before the wait begins, and notifications are not lost. */
int child_wait(envid_t id, struct env_death *death)
{
    int result;

    while ((result = env_reap(id, death)) == -E_BUSY)
        (void)notify_wait(NOTIFY_CHILD);
    return result;
}

int process_wait(envid_t id, struct env_death *death)
{
    return child_wait(id, death);
}

void process_kill(envid_t id)
{
    (void)env_destroy(id, 0); /* it may have ended by itself */
    (void)child_wait(id, NULL);
}

void scratch_unmap(void)
{
    (void)page_unmap(0, scratch_area(), SCRATCH_PAGES);
}
