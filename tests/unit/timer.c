/* kernel/sched/timer.c: the heap of timeouts against a plain array of deadlines. */
#include "kernel/sched/timer.h"

#include "panic_host.h"
#include "unit.h"

#define ENVS   300u
#define ROUNDS 50000u

static struct env envs[ENVS];

/* The deadline of each env in the heap; 0: it is in none. */
static uint64_t model[ENVS];
static uint32_t model_count;

static void start(void)
{
    memset(envs, 0, sizeof(envs));
    memset(model, 0, sizeof(model));
    model_count = 0;
    cpu_host.id = 1;
    timer_init_cpu();
}

static void add(uint32_t i, uint64_t deadline)
{
    timer_add(&envs[i], deadline);
    model[i] = deadline;
    model_count++;
}

static void cancel(uint32_t i)
{
    timer_cancel(&envs[i]);
    model_count -= model[i] != 0;
    model[i] = 0;
}

static uint64_t model_next(void)
{
    uint64_t next = CPU_NEVER;

    for (uint32_t i = 0; i < ENVS; i++) {
        if (model[i] != 0 && model[i] < next)
            next = model[i];
    }
    return next;
}

/* Each env knows its slot, each slot its env, no parent is later than its children. */
static bool heap_is_sound(void)
{
    if (cpu_host.timer_count != model_count || timer_next() != model_next())
        return false;
    for (uint32_t i = 0; i < ENVS; i++) {
        uint32_t slot = envs[i].timer_slot;

        if ((slot != 0) != (model[i] != 0))
            return false;
        if (slot != 0 && (slot > model_count || cpu_host.timers[slot] != &envs[i] ||
                          envs[i].deadline != model[i]))
            return false;
    }
    for (uint32_t slot = 2; slot <= model_count; slot++) {
        if (cpu_host.timers[slot / 2]->deadline > cpu_host.timers[slot]->deadline)
            return false;
    }
    return true;
}

static void timer_empty_has_no_deadline(void)
{
    start();
    CHECK(timer_next() == CPU_NEVER);
    CHECK(timer_expired(CPU_NEVER) == NULL);
    CHECK(heap_is_sound());
}

static void timer_expires_at_its_deadline(void)
{
    start();
    add(0, 100);
    CHECK(timer_expired(99) == NULL);
    CHECK(timer_expired(100) == &envs[0]);
    CHECK_INT(envs[0].timer_slot, 0);
    CHECK(timer_expired(CPU_NEVER) == NULL);
}

static void timer_cancel_without_timer_is_harmless(void)
{
    start();
    add(1, 7);
    timer_cancel(&envs[0]);
    CHECK(heap_is_sound());
}

static void timer_cancel_moves_last_up(void)
{
    static const uint64_t deadlines[] = {1, 100, 2, 101, 102, 3, 4};

    /* The last one (4) takes the place of one below 100, and is earlier than its new parent. */
    start();
    for (uint32_t i = 0; i < 7; i++)
        add(i, deadlines[i]);
    cancel(3);
    CHECK(heap_is_sound());
    CHECK(timer_expired(1) == &envs[0]);
}

static void timer_added_twice_panics(void)
{
    start();
    add(0, 5);
    CHECK(PANICS(timer_add(&envs[0], 6)));
}

static void timer_comes_in_order(void)
{
    uint64_t last = 0;
    bool rising = true;

    start();
    for (uint32_t i = 0; i < ENVS; i++)
        add(i, 1 + unit_random(50));
    for (uint32_t i = 0; i < ENVS; i++) {
        const struct env *e = timer_expired(CPU_NEVER - 1);

        rising = rising && e != NULL && e->deadline >= last;
        last = e == NULL ? last : e->deadline;
    }
    CHECK(rising);
    CHECK(timer_next() == CPU_NEVER);
}

static bool random_expire(uint64_t now)
{
    struct env *e = timer_expired(now);
    uint64_t next = model_next();

    if (next > now)
        return e == NULL;
    if (e == NULL || e->timer_slot != 0 || model[e - envs] != next)
        return false;
    model[e - envs] = 0;
    model_count--;
    return true;
}

static bool random_step(void)
{
    uint32_t i = unit_random(ENVS);

    switch (unit_random(4)) {
    case 0:
        return random_expire(unit_random(1000));
    case 1:
        cancel(i);
        return true;
    default:
        if (model[i] == 0)
            add(i, 1 + unit_random(1000) + (uint64_t)unit_random(2) * UINT32_MAX);
        return true;
    }
}

static void timer_random_as_modelled(void)
{
    bool good = true;

    start();
    for (uint32_t i = 0; i < ROUNDS && good; i++)
        good = random_step() && heap_is_sound();
    CHECK(good);
}

static void timer_holds_every_env(void)
{
    static struct env all[ENV_MAX];

    start();
    for (uint32_t i = 0; i < ENV_MAX; i++)
        timer_add(&all[i], ENV_MAX - i);
    CHECK_INT(cpu_host.timer_count, ENV_MAX);
    CHECK(timer_next() == 1);
}

int main(void)
{
    UNIT_RUN(timer_empty_has_no_deadline);
    UNIT_RUN(timer_expires_at_its_deadline);
    UNIT_RUN(timer_cancel_without_timer_is_harmless);
    UNIT_RUN(timer_cancel_moves_last_up);
    UNIT_RUN(timer_added_twice_panics);
    UNIT_RUN(timer_comes_in_order);
    UNIT_RUN(timer_random_as_modelled);
    UNIT_RUN(timer_holds_every_env);
    return unit_done();
}
