/* Waiting for the end of envs that one controls, see grain/process.h. */
#include "grain/process.h"

#include "grain/notify.h"
#include "grain/syscall.h"

/* The notification may be another child's, or old; a child that ends between the two calls has
 * notified before the wait begins, and notifications are not lost. */
int process_wait(envid_t id, struct env_death *death)
{
    int result;

    while ((result = env_reap(id, death)) == -E_BUSY)
        (void)notify_wait(NOTIFY_CHILD);
    return result;
}

void process_kill(envid_t id)
{
    (void)env_destroy(id, 0); /* it may have ended by itself */
    (void)process_wait(id, NULL);
}
