/* Whether any env can ever run again.
 *
 * Only a running env, a timer or a device can make a blocked or stopped env run. So it is over when all
 * CPUs are idle, no env is ready, posted to an inbox or has a timer, and no interrupt line has an owner.
 */
#ifndef GRAIN_SCHED_QUIET_H
#define GRAIN_SCHED_QUIET_H

#include <stdbool.h>

/* For an idle CPU whose bit is in cpu_idle_mask. True at most once, on one CPU. */
bool sched_is_over(void);

#endif
