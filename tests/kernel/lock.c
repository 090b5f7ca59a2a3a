/* Lock torture on all CPUs: the lock as this kernel is built, and each algorithm by itself; that those which
 * promise it serve in order of arrival; and that a lock that is none is found out.
 */
#include "kernel/lock/lock.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "tests/kernel/ktest.h"

#define ROUNDS       20000u /* at most */
#define ALGORITHM_US (KTEST_RUN_US / 4)
#define LINES        8u /* orders of arrival that are tried */

static struct lock torture_lock;
static union raw_lock raw[KTEST_ALGORITHMS]; /* by enum lock_algorithm */

/* Guarded by the lock under test. */
static volatile uint32_t inside; /* CPU index + 1 */
static volatile uint32_t counter;

static _Atomic uint32_t intruders;
static _Atomic uint32_t wanted; /* for counter */

static void critical_section(uint32_t cpu, uint32_t linger)
{
    if (inside != 0)
        atomic_fetch_add(&intruders, 1);
    inside = cpu + 1;
    counter = counter + 1;
    for (uint32_t i = 0; i < linger; i++)
        cpu_relax();
    if (inside != cpu + 1)
        atomic_fetch_add(&intruders, 1);
    inside = 0;
}

static void start_over(void)
{
    inside = 0;
    counter = 0;
    intruders = 0;
    wanted = 0;
}

static void built_in(void) NO_LOCK_ANALYSIS
{
    kernel_enter();
    lock_acquire(LOCK_ENV, &torture_lock);
}

static void built_out(void) NO_LOCK_ANALYSIS
{
    lock_release(LOCK_ENV, &torture_lock);
    kernel_exit();
}

#define X(id, name)                                          \
    static void name##_in(void)                              \
    {                                                        \
        name##_acquire(&raw[LOCK_ALGO_##id].name, LOCK_ENV); \
    }                                                        \
    static void name##_out(void)                             \
    {                                                        \
        name##_release(&raw[LOCK_ALGO_##id].name, LOCK_ENV); \
    }
LOCK_ALGORITHM_LIST(X)
#undef X

const struct ktest_algorithm ktest_algorithms[] = {
    {.name = "built", .acquire = built_in, .release = built_out, .excludes = true},
#define X(id, algo)                                                                       \
    {.name = #algo,                                                                       \
     .acquire = algo##_in,                                                                \
     .release = algo##_out,                                                               \
     .excludes = LOCK_ALGO_##id != LOCK_ALGO_BUSTED,                                      \
     .in_order = LOCK_ALGO_##id == LOCK_ALGO_TICKET || LOCK_ALGO_##id == LOCK_ALGO_MCS || \
                 LOCK_ALGO_##id == LOCK_ALGO_CLH},
    LOCK_ALGORITHM_LIST(X)
#undef X
};

static const struct ktest_algorithm *chosen; /* written by CPU 0 before the gang runs */

static void torture_chosen(uint32_t cpu)
{
    /* A lock that is none: by far long enough for a collision. */
    uint64_t limit = chosen->excludes ? ALGORITHM_US : KTEST_HANG_US / 2;
    uint32_t state = 88172645u + cpu;
    uint64_t start;
    uint32_t rounds = 0;

    gang_meet();
    start = arch_time_us();
    while (arch_time_us() - start < limit && (chosen->excludes ? rounds < ROUNDS : !intruders)) {
        chosen->acquire();
        critical_section(cpu, ktest_random(&state, 4));
        chosen->release();
        rounds++;
    }
    atomic_fetch_add(&wanted, rounds);
}

static void algorithm_excludes(const struct ktest_algorithm *a)
{
    char id[32];

    if (!a->excludes && cpu_count == 1) {
        ktest_skip("lock_busted_is_found", "one CPU alone excludes itself");
        return;
    }
    chosen = a;
    start_over();
    gang_run(torture_chosen);
    if (a->excludes)
        ktest_fact(ktest_id(id, sizeof(id), "lock_%s_excludes", a->name),
                   intruders == 0 && counter == wanted, "%u intruders; counter %u, want %u",
                   intruders, counter, wanted);
    else
        ktest_fact("lock_busted_is_found", intruders != 0, "a lock that is none passes");
}

/* In order of arrival. CPU 0 has the lock, and lets the others come one by one, in `line`'s order: the
 * lock's first word changes when one has joined. Then it lets go. */
static uint32_t line[GRAIN_MAX_CPUS];   /* line[0] = 0; written by CPU 0 before the gang meets */
static _Atomic uint32_t called;         /* so many of the line may come */
static uint32_t served[GRAIN_MAX_CPUS]; /* guarded by the lock under test */
static uint32_t served_count;

static uint32_t lock_word(void)
{
    /* ktest_algorithms[0] is the kernel's own, the others are in the order of the enum. */
    return READ_ONCE(*(const uint32_t *)&raw[chosen - ktest_algorithms - 1]);
}

static void lead_line(void)
{
    chosen->acquire();
    gang_meet();
    for (uint32_t i = 1; i < cpu_count; i++) {
        uint32_t before = lock_word();
        uint64_t start = arch_time_us();

        atomic_store(&called, i);
        while (lock_word() == before) {
            lock_relax();
            ktest_check_hang(start, "line");
        }
    }
    chosen->release();
}

static void stand_in_line(uint32_t cpu)
{
    uint32_t place = 0;
    uint64_t start = arch_time_us();

    if (cpu == 0) {
        lead_line();
        return;
    }
    gang_meet();
    while (line[place] != cpu)
        place++;
    while (atomic_load(&called) < place) {
        lock_relax();
        ktest_check_hang(start, "line");
    }
    chosen->acquire();
    served[served_count++] = cpu;
    chosen->release();
}

static void line_up(uint32_t *random)
{
    for (uint32_t i = 0; i < cpu_count; i++)
        line[i] = i;
    for (uint32_t i = 1; i + 1 < cpu_count; i++) {
        uint32_t other = i + ktest_random(random, cpu_count - i);
        uint32_t cpu = line[i];

        line[i] = line[other];
        line[other] = cpu;
    }
}

static void algorithm_serves_in_order(const struct ktest_algorithm *a)
{
    uint32_t random = 2463534242u;
    uint32_t overtakers = 0;
    char id[32];

    chosen = a;
    for (uint32_t round = 0; round < LINES; round++) {
        start_over();
        line_up(&random);
        served_count = 0;
        atomic_store(&called, 0);
        gang_run(stand_in_line);
        for (uint32_t i = 1; i < cpu_count; i++)
            overtakers += served[i - 1] != line[i];
    }
    ktest_fact(ktest_id(id, sizeof(id), "lock_%s_serves_in_order", a->name),
               overtakers == 0 && served_count == cpu_count - 1, "%u out of their turn",
               overtakers);
}

void ktest_lock(void)
{
    lock_init(&torture_lock);
    for (uint32_t i = 0; i < ARRAY_SIZE(ktest_algorithms); i++) {
        algorithm_excludes(&ktest_algorithms[i]);
        if (ktest_algorithms[i].in_order)
            algorithm_serves_in_order(&ktest_algorithms[i]);
    }
}
