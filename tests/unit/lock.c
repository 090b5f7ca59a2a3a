/* The lock algorithm and granularity that this file is compiled for, with threads as CPUs.
 *
 * For the busted lock it checks that the torture finds it out.
 */
#include "kernel/lock/lock.h"

#include <pthread.h>
#include <sched.h>

#include "unit.h"

#define CPUS   4u
#define ROUNDS 20000u /* all CPUs together pass the wrap of a 16-bit ticket */

/* In the coarser granularities two locks of one class are the same. */
#if GRAIN_LOCK_GRANULARITY_OBJECT
#define LOCKS 1u
#else
#define LOCKS 2u
#endif

#define ALGORITHM lock_algorithm_of(LOCK_POOL)

static struct lock locks[LOCKS];

/* Guarded by them. */
static volatile uint32_t inside;
static volatile uint32_t counter;

static _Atomic uint32_t intruders;

static void critical_section(uint32_t me)
{
    if (inside != 0)
        atomic_fetch_add(&intruders, 1);
    inside = me;
    counter = counter + 1;
    if (counter % 64 == 0)
        (void)sched_yield(); /* the others get a chance to come in */
    if (inside != me)
        atomic_fetch_add(&intruders, 1);
    inside = 0;
}

static void *torture_cpu(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;
    struct lock *l = &locks[me % LOCKS];

    lock_init_cpu(&lock_host_cpu, me);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        kernel_enter();
        lock_acquire(LOCK_POOL, l);
        critical_section(me);
        lock_release(LOCK_POOL, l);
        kernel_exit();
    }
    return NULL;
}

static void run_cpus(void *(*cpu)(void *))
{
    pthread_t threads[CPUS];

    for (uint32_t i = 0; i < CPUS; i++)
        CHECK(pthread_create(&threads[i], NULL, cpu, (void *)(uintptr_t)(i + 1)) == 0);
    for (uint32_t i = 0; i < CPUS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void torture(void)
{
    for (uint32_t i = 0; i < LOCKS; i++)
        lock_init(&locks[i]);
    inside = 0;
    counter = 0;
    intruders = 0;
    run_cpus(torture_cpu);
}

static void lock_torture_finds_busted(void)
{
    torture();
    CHECK(intruders != 0 || counter != CPUS * ROUNDS);
}

static void lock_excludes(void)
{
    torture();
    CHECK_INT(intruders, 0);
    CHECK_INT(counter, CPUS * ROUNDS);
}

#if GRAIN_LOCK_GRANULARITY_OBJECT
static uint32_t order[CPUS]; /* guarded by locks[0] */
static uint32_t served;
static _Atomic uint32_t called; /* the CPU that may come */

/* Changes when somebody joins the line: ticket's numbers, or the tail of a queue. */
static uint32_t lock_word(void)
{
    return __atomic_load_n((uint32_t *)&locks[0].raw, __ATOMIC_RELAXED);
}

static void *order_cpu(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;

    lock_init_cpu(&lock_host_cpu, me);
    while (atomic_load(&called) != me)
        (void)sched_yield();
    lock_acquire(LOCK_POOL, &locks[0]);
    order[served++] = me;
    lock_release(LOCK_POOL, &locks[0]);
    return NULL;
}

static void lock_serves_in_order(void)
{
    pthread_t threads[CPUS];

    lock_init(&locks[0]);
    lock_init_cpu(&lock_host_cpu, 0);
    lock_acquire(LOCK_POOL, &locks[0]);
    for (uint32_t i = CPUS; i-- > 0;)
        CHECK(pthread_create(&threads[i], NULL, order_cpu, (void *)(uintptr_t)(i + 1)) == 0);
    /* Each joins after the one before it. */
    for (uint32_t i = 1; i <= CPUS; i++) {
        uint32_t before = lock_word();

        atomic_store(&called, i);
        while (lock_word() == before)
            (void)sched_yield();
    }
    CHECK_INT(served, 0);
    lock_release(LOCK_POOL, &locks[0]);
    for (uint32_t i = 0; i < CPUS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (uint32_t i = 0; i < CPUS; i++)
        CHECK_INT(order[i], i + 1);
}

static bool in_order(void)
{
    return ALGORITHM == LOCK_ALGO_TICKET || ALGORITHM == LOCK_ALGO_MCS ||
           ALGORITHM == LOCK_ALGO_CLH;
}

/* Tails that stayed behind. Each acquisition hangs if it waits for the CPU that the tail names. */
static void lock_clh_passes_old_tails(void)
{
    struct clh_lock lock = {0};
    struct clh_lock elsewhere = {0};
    uint32_t me = lock_host_cpu.index;
    uint32_t other = (me + 1) % GRAIN_MAX_CPUS;
    _Atomic uintptr_t *his = &clh_nodes[other].of[LOCK_POOL];
    uintptr_t words[3];

    for (uint32_t i = 0; i < 3; i++) { /* its own */
        clh_acquire(&lock, LOCK_POOL);
        words[i] = clh_nodes[me].of[LOCK_POOL];
        clh_release(&lock, LOCK_POOL);
    }
    CHECK(words[0] != words[1]);
    CHECK(words[0] == words[2]);

    lock.tail = lock.last = (uint16_t)(other << CLH_CPU_SHIFT | CLH_BUSY);
    *his = clh_word(&elsewhere, CLH_BUSY); /* he is at another lock by now */
    clh_acquire(&lock, LOCK_POOL);
    clh_release(&lock, LOCK_POOL);

    lock.tail = lock.last = (uint16_t)(other << CLH_CPU_SHIFT | CLH_BUSY);
    *his = clh_word(&lock, CLH_BUSY | CLH_TURN); /* he has come again, behind us */
    clh_acquire(&lock, LOCK_POOL);
    clh_release(&lock, LOCK_POOL);
    *his = 0;
}
#endif

#if GRAIN_LOCK_GRANULARITY_SUBSYSTEM
/* Two of a class cost one lock, which is free again when both are released. */
static void lock_pair_counts(void)
{
    for (uint32_t i = 0; i < LOCKS; i++)
        lock_init(&locks[i]);
    lock_take(LOCK_POOL, &locks[0]);
    lock_take(LOCK_POOL, &locks[1]);
    CHECK_INT(lock_nesting(LOCK_POOL), 2);
    lock_give(LOCK_POOL, &locks[0]);
    lock_give(LOCK_POOL, &locks[1]);
    CHECK_INT(lock_nesting(LOCK_POOL), 0);
    torture(); /* hangs if it is not */
    CHECK_INT(counter, CPUS * ROUNDS);
}
#endif

int main(void)
{
    if (ALGORITHM == LOCK_ALGO_BUSTED) {
        UNIT_RUN(lock_torture_finds_busted);
        return unit_done();
    }
    UNIT_RUN(lock_excludes);
#if GRAIN_LOCK_GRANULARITY_OBJECT
    if (in_order())
        UNIT_RUN(lock_serves_in_order);
    if (ALGORITHM == LOCK_ALGO_CLH)
        UNIT_RUN(lock_clh_passes_old_tails);
#endif
#if GRAIN_LOCK_GRANULARITY_SUBSYSTEM
    UNIT_RUN(lock_pair_counts);
#endif
    return unit_done();
}
