/* The inbox: a post wakes a halted CPU, and no post is lost when all CPUs post to all.
 *
 * The envs posted are stopped ones: their home CPU looks at them and finds nothing to do. That it has
 * looked is seen from `posted`.
 */
#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/cpu.h"
#include "kernel/env.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/shootdown.h"
#include "kernel/panic.h"
#include "kernel/sched/sched.h"
#include "tests/kernel/ktest.h"

#define WAKES 300u  /* at most */
#define ENVS  8u    /* of each CPU, so that inboxes grow */
#define POSTS 3000u /* at most, of each CPU */

static const struct env_limits no_limits = {.send_count = ENV_SEND_ANY};

static struct env *envs[GRAIN_MAX_CPUS][ENVS]; /* [i]: at home on CPU i */
static atomic_bool leave;                      /* the halting is over */
static _Atomic uint32_t woken[GRAIN_MAX_CPUS];
static uint32_t rounds; /* CPU 0: of waking all */

static struct env *make_env(struct aspace *as, uint32_t home)
{
    const struct env_new what = {.aspace = as, .limits = &no_limits, .priority = 1};
    struct env *e = NULL;
    int result;

    kernel_enter();
    result = env_create(&what, &e);
    ASSERT(result > 0);
    sched_set_home(e, home);
    kernel_exit();
    return e;
}

static void post(struct env *e)
{
    kernel_enter();
    sched_poke(e);
    kernel_exit();
}

static void take(void)
{
    kernel_enter();
    sched_take_inbox();
    kernel_exit();
}

static void wait_until_taken(const struct env *e)
{
    uint64_t start = arch_time_us();

    while (atomic_load(&e->posted)) {
        lock_relax();
        ktest_check_hang(start, "inbox");
    }
}

/* As the scheduler's idle loop. */
static void halt_until_posted(void)
{
    uint32_t bit = 1u << cpu_id();

    atomic_fetch_or(&cpu_idle_mask, bit);
    if (READ_ONCE(this_cpu()->self->inbox_head) == NULL)
        cpu_halt_with_irqs();
    atomic_fetch_and(&cpu_idle_mask, ~bit);
    shootdown_catch_up();
    take();
}

static void wake_one(uint32_t cpu)
{
    uint64_t start = arch_time_us();
    uint32_t before = atomic_load(&woken[cpu]);

    while (!(atomic_load(&cpu_idle_mask) >> cpu & 1u)) {
        lock_relax();
        ktest_check_hang(start, "a CPU that does not halt");
    }
    post(envs[cpu][0]);
    wait_until_taken(envs[cpu][0]);
    while (atomic_load(&woken[cpu]) == before) {
        lock_relax();
        ktest_check_hang(start, "a CPU that does not wake up");
    }
}

static void wake_all(void)
{
    uint64_t start = arch_time_us();

    for (uint32_t i = 0; i < WAKES && arch_time_us() - start < KTEST_RUN_US; i++) {
        for (uint32_t cpu = 1; cpu < cpu_count; cpu++)
            wake_one(cpu);
        rounds++;
    }
    atomic_store(&leave, true);
    for (uint32_t cpu = 1; cpu < cpu_count; cpu++)
        post(envs[cpu][0]);
}

static void wake_or_halt(uint32_t cpu)
{
    if (cpu == 0) {
        wake_all();
        return;
    }
    while (!atomic_load(&leave)) {
        halt_until_posted();
        atomic_fetch_add(&woken[cpu], 1);
    }
}

static void post_to_all(uint32_t cpu)
{
    uint32_t state = 362436069u + cpu;

    uint64_t start;

    gang_meet();
    start = arch_time_us();
    for (uint32_t i = 0; i < POSTS && arch_time_us() - start < KTEST_RUN_US; i++) {
        post(envs[ktest_random(&state, cpu_count)][ktest_random(&state, ENVS)]);
        if (ktest_random(&state, 16) == 0)
            take();
    }
    gang_meet();
    take();
}

static uint32_t still_posted(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cpu_count * ENVS; i++)
        count += atomic_load(&envs[i / ENVS][i % ENVS]->posted);
    return count;
}

void ktest_inbox(void)
{
    struct aspace *as;

    kernel_enter();
    as = aspace_create(UINT32_MAX);
    kernel_exit();
    ASSERT(as != NULL);
    for (uint32_t i = 0; i < cpu_count * ENVS; i++)
        envs[i / ENVS][i % ENVS] = make_env(as, i / ENVS);
    gang_run(wake_or_halt);
    for (uint32_t i = 1; i < cpu_count; i++)
        ktest_fact("inbox_wakes_halted", woken[i] >= rounds && rounds != 0,
                   "cpu%u woke up %u times, want %u", i, woken[i], rounds);
    gang_run(post_to_all);
    ktest_fact("inbox_nothing_lost", still_posted() == 0, "%u posts are still there",
               still_posted());
}
