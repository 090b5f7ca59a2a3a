/* The end of all work; see quiet.h. No locks: it looks at 1,024 slots that others may change, and knows
 * from the CPUs' idle counts that nobody did.
 */
#include "kernel/sched/quiet.h"

#include "kernel/env.h"
#include "kernel/irq.h"

static bool all_idle(void)
{
    uint32_t all = cpu_count < 32 ? (1u << cpu_count) - 1 : UINT32_MAX;

    return (atomic_load(&cpu_idle_mask) & all) == all;
}

static uint32_t idle_counts(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < cpu_count; i++)
        sum += atomic_load(&cpus[i]->idle_count);
    return sum;
}

static bool env_may_run(const struct env *e)
{
    enum env_state state = env_state(e);

    return state == ENV_STATE_READY || state == ENV_STATE_RUNNING || state == ENV_STATE_CLAIMED ||
           atomic_load(&e->posted) || (state != ENV_STATE_FREE && READ_ONCE(e->timer_slot) != 0);
}

/* A CPU takes its bit out of the mask before an interrupt handler changes anything, and counts before it
 * puts it back: mask full and count the same, before and after, say that no CPU was up in between. */
bool sched_is_over(void)
{
    static atomic_bool said;
    uint32_t count;

    if (!all_idle())
        return false;
    count = idle_counts();
    /* Full now, too: else a CPU was up while the counts were read. */
    if (!all_idle() || irq_any_owner())
        return false;
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        if (env_may_run(&env_table[i]))
            return false;
    }
    return all_idle() && idle_counts() == count && !atomic_exchange(&said, true);
}
