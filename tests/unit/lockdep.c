/* kernel/lock/lock.c with lockdep: what is refused, and what the refusal says. */
#include "arch_host.h"
#include "kernel/lock/lock.h"
#include "panic_host.h"
#include "unit.h"

static struct lock env_a;
static struct lock env_b;
static struct lock aspace;
static struct lock pool;

/* Nothing is held, whatever the fact before this one left. */
static void start(void)
{
    memset(&lock_host_cpu, 0, sizeof(lock_host_cpu));
    lock_init(&env_a);
    lock_init(&env_b);
    lock_init(&aspace);
    lock_init(&pool);
}

static bool panic_has(const char *words)
{
    return strstr(panic_host_text(), words) != NULL;
}

static void lockdep_rising_ranks_are_fine(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    lock_acquire(LOCK_ASPACE, &aspace);
    lock_acquire(LOCK_POOL, &pool);
    CHECK(lock_is_held(&env_a) && lock_is_held(&aspace) && lock_is_held(&pool));
    CHECK(!lock_is_held(&env_b));
    lock_release(LOCK_POOL, &pool);
    lock_release(LOCK_ASPACE, &aspace);
    lock_release(LOCK_ENV, &env_a);
    CHECK_INT(lock_host_cpu.depth, 0);
    lockdep_assert_none("nowhere");
}

static void lockdep_falling_rank_panics(void)
{
    start();
    lock_acquire(LOCK_ASPACE, &aspace);
    CHECK(PANICS(lock_acquire(LOCK_ENV, &env_a)));
    CHECK(panic_has("falling rank") && panic_has("env") && panic_has("aspace"));
}

static void lockdep_twice_panics(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    CHECK(PANICS(lock_acquire(LOCK_ENV, &env_a)));
    CHECK(panic_has("taken twice") && panic_has("env"));
}

static void lockdep_two_of_one_class_panics(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    CHECK(PANICS(lock_acquire(LOCK_ENV, &env_b)));
    CHECK(panic_has("two of one class"));
}

static void lockdep_rank_counts_below_the_top(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    lock_acquire(LOCK_POOL, &pool);
    lock_release(LOCK_ENV, &env_a);
    CHECK(PANICS(lock_acquire(LOCK_ASPACE, &aspace)));
    CHECK(panic_has("falling rank") && panic_has("pool"));
}

static void lockdep_release_of_unheld_panics(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    CHECK(PANICS(lock_release(LOCK_ENV, &env_b)));
    CHECK(panic_has("does not hold"));
}

static void lockdep_release_in_any_order(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    lock_acquire(LOCK_ASPACE, &aspace);
    lock_acquire(LOCK_POOL, &pool);
    lock_release(LOCK_ASPACE, &aspace);
    CHECK(lock_is_held(&env_a) && !lock_is_held(&aspace) && lock_is_held(&pool));
    lock_release(LOCK_ENV, &env_a);
    lock_release(LOCK_POOL, &pool);
    CHECK_INT(lock_host_cpu.depth, 0);
}

static void lockdep_held_on_the_way_out_panics(void)
{
    start();
    lock_acquire(LOCK_POOL, &pool);
    CHECK(PANICS(lockdep_assert_none("to user mode")));
    CHECK(panic_has("pool") && panic_has("to user mode"));
}

static void lockdep_depth_is_bounded(void)
{
    start();
    lock_host_cpu.depth = LOCKDEP_DEPTH;
    CHECK(PANICS(lock_acquire(LOCK_ENV, &env_a)));
}

static void lockdep_names_held_locks(void)
{
    start();
    lock_acquire(LOCK_ENV, &env_a);
    lock_acquire(LOCK_POOL, &pool);
    host_console_clear();
    lock_print_held();
    CHECK(strstr(host_console(), "holds env lock") != NULL);
    CHECK(strstr(host_console(), "holds pool lock") != NULL);
    CHECK(strstr(host_console(), "aspace") == NULL);
}

/* Ranks: unique and rising, as the order of the list says. */
static void lockdep_classes_rise(void)
{
    static const uint32_t ranks[] = {
#define X(id, name, rank, guards) rank,
        LOCK_CLASS_LIST(X)
#undef X
    };

    for (uint32_t i = 1; i < LOCK_CLASSES; i++)
        CHECK(ranks[i] > ranks[i - 1]);
}

int main(void)
{
    UNIT_RUN(lockdep_rising_ranks_are_fine);
    UNIT_RUN(lockdep_falling_rank_panics);
    UNIT_RUN(lockdep_twice_panics);
    UNIT_RUN(lockdep_two_of_one_class_panics);
    UNIT_RUN(lockdep_rank_counts_below_the_top);
    UNIT_RUN(lockdep_release_of_unheld_panics);
    UNIT_RUN(lockdep_release_in_any_order);
    UNIT_RUN(lockdep_held_on_the_way_out_panics);
    UNIT_RUN(lockdep_depth_is_bounded);
    UNIT_RUN(lockdep_names_held_locks);
    UNIT_RUN(lockdep_classes_rise);
    return unit_done();
}
