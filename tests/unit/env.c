/* kernel/env.c: slots and ids. What the table calls in the rest of the kernel is stubbed out. */
#include "kernel/env.h"

#include <stdlib.h>

#include "abi/errors.h"
#include "kernel/ipc/ipc.h"
#include "kernel/mm/aspace.h"
#include "kernel/sched/sched.h"
#include "machine_host.h"
#include "panic_host.h"
#include "unit.h"

#define FRAMES 2000u

static const struct env_limits no_limits = {.send_count = ENV_SEND_ANY};
static struct aspace *space;
static struct env *envs[ENV_MAX];

/* Not reached: nothing runs here. */

_Noreturn static void not_here(void)
{
    abort();
}

_Noreturn void sched_schedule(void)
{
    not_here();
}

_Noreturn void sched_requeue(struct env *self)
{
    (void)self;
    not_here();
}

void sched_wake(struct env *e)
{
    (void)e;
    not_here();
}

void sched_poke(struct env *e)
{
    (void)e;
    not_here();
}

void sched_set_home(struct env *e, uint32_t cpu)
{
    atomic_store(&e->home, cpu);
}

void ipc_resume_receive(struct env *self, bool abort)
{
    (void)self;
    (void)abort;
    not_here();
}

_Noreturn void env_die_on(struct env *self)
{
    (void)self;
    not_here();
}

_Noreturn void context_resume(struct env *e);
_Noreturn void context_resume(struct env *e)
{
    (void)e;
    not_here();
}

static struct env *create(struct aspace *as)
{
    const struct env_new what = {
        .aspace = as, .controller = ENV_ID_FIRST, .limits = &no_limits, .priority = 1};
    struct env *e;

    return env_create(&what, &e) > 0 ? e : NULL;
}

/* As the death of an env ends. */
static void destroy(struct env *e)
{
    aspace_utcb_free(e->aspace, e->utcb_va);
    env_lock(e);
    env_free_unlock(e);
}

static void start(void)
{
    machine_init(FRAMES, 0);
    memset(&lock_host_cpu, 0, sizeof(lock_host_cpu));
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        env_lock(&env_table[i]);
        if (env_id(&env_table[i]) != 0)
            env_free_unlock(&env_table[i]);
        else
            env_unlock(&env_table[i]);
    }
    memset(envs, 0, sizeof(envs));
    space = aspace_create(UINT32_MAX);
}

static bool is_good_id(uint32_t id)
{
    return (int32_t)id > 0 && (id & 0xc00u) == 0 && id >= ENV_ID_FIRST;
}

static void env_ids_are_positive_and_found(void)
{
    const struct env *e;
    uint32_t id;

    start();
    e = create(space);
    CHECK(e != NULL);
    id = env_id(e);
    CHECK(is_good_id(id));
    CHECK_INT(ENV_INDEX(id), env_index(e));
    CHECK(env_find(id) == e);
    CHECK_INT(env_public[env_index(e)].id, id);
    CHECK_INT(env_state(e), ENV_STATE_STOPPED);
    CHECK_INT(e->utcb->self, id);
}

static void env_no_such_ids(void)
{
    start();
    CHECK(env_find(0) == NULL);
    CHECK(env_find(ENV_ID_FIRST) == NULL);
    CHECK(env_find(UINT32_MAX) == NULL);
    CHECK(create(space) != NULL);
    CHECK(env_find(0) == NULL);
    for (uint32_t id = 1; id < ENV_ID_FIRST; id++)
        CHECK(env_find(id) == NULL);
}

static void env_stale_id_is_not_found(void)
{
    struct env *e;
    uint32_t old;

    start();
    e = create(space);
    old = env_id(e);
    destroy(e);
    CHECK(env_find(old) == NULL);
    CHECK(env_find_lock(old) == NULL);
    CHECK_INT(env_public[env_index(e)].id, 0);
    CHECK_INT(env_public[env_index(e)].status, ENV_FREE);
    CHECK(create(space) == e); /* the slot again */
    CHECK(env_id(e) != old);
    CHECK_INT(ENV_INDEX(env_id(e)), ENV_INDEX(old));
    CHECK(env_find(old) == NULL);
    CHECK(env_find(env_id(e)) == e);
}

static void env_find_lock_locks(void)
{
    struct env *e;

    start();
    e = create(space);
    CHECK(env_find_lock(env_id(e)) == e);
    CHECK(lock_is_held(&e->lock));
    env_unlock(e);
    CHECK_INT(lock_host_cpu.depth, 0);
}

/* All generations of a slot, and some: never 0, never negative, no bit between index and generation. */
static void env_generation_wraps(void)
{
    uint32_t generations = 1u << (31 - ENV_GEN_SHIFT);
    struct env *e;
    uint32_t last;
    bool good = true;

    start();
    e = create(space);
    last = env_id(e);
    for (uint32_t i = 0; i < generations + 10 && good; i++) {
        destroy(e);
        e = create(space);
        good = e != NULL && is_good_id(env_id(e)) && env_id(e) != last &&
               ENV_INDEX(env_id(e)) == ENV_INDEX(last);
        last = e == NULL ? 0 : env_id(e);
    }
    CHECK(good);
}

static void env_table_full(void)
{
    static bool seen[ENV_MAX];
    struct aspace *second;

    start();
    second = aspace_create(UINT32_MAX);
    memset(seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < ENV_MAX; i++) {
        envs[i] = create(i % 2 == 0 ? space : second);
        CHECK(envs[i] != NULL && !seen[env_index(envs[i])]);
        seen[env_index(envs[i])] = true;
    }
    CHECK_INT(env_used, ENV_MAX);
    CHECK(create(space) == NULL);
    CHECK_INT(env_used, ENV_MAX);
    destroy(envs[5]);
    CHECK(create(second) == envs[5]);
}

/* No message page, no slot lost. */
static void env_without_memory_costs_no_slot(void)
{
    struct env_new what = {.aspace = space, .limits = &no_limits};
    struct env *e;

    start();
    what.aspace = space;
    (void)machine_take_frames(0);
    for (uint32_t i = 0; i < 2 * ENV_MAX; i++)
        CHECK_INT(env_create(&what, &e), -E_NO_MEM);
    CHECK_INT(env_used, 0);
    machine_give_frames();
    aspace_shrink_quota(space, 0);
    CHECK_INT(env_create(&what, &e), -E_QUOTA);
    CHECK_INT(env_used, 0);
}

/* Who joins a space comes to its envs, and not when the last of them is gone. */
static void env_joins_a_space_that_lives(void)
{
    struct env_new what = {.limits = &no_limits, .joins = true};
    struct aspace_usage before;
    struct aspace_usage after;
    struct env *e;

    start();
    what.aspace = space;
    CHECK(env_create(&what, &e) > 0);
    aspace_usage(space, &before);
    CHECK_INT(before.envs, 2);
    atomic_store(&space->envs, 0);
    CHECK_INT(env_create(&what, &e), -E_BAD_ENV);
    aspace_usage(space, &after);
    CHECK_INT(after.frames, before.frames);
    CHECK_INT(after.envs, 0);
    CHECK_INT(env_used, 1);
}

/* Nobody but the env's controller, itself and its space may act on it. */
static void env_authority(void)
{
    struct aspace *other_space;
    struct env *self;
    struct env *other;
    int error = 0;

    start();
    other_space = aspace_create(UINT32_MAX);
    self = create(space);
    other = create(other_space);
    CHECK(env_authorize_lock(self, 0, ENV_RIGHT_CONTROL, &error) == self);
    env_unlock(self);
    CHECK(env_authorize_lock(other, env_id(self), ENV_RIGHT_MEMORY, &error) == NULL);
    CHECK_INT(error, -E_BAD_ENV);
    CHECK_INT(lock_host_cpu.depth, 0);
    atomic_store(&self->pager, env_id(other));
    CHECK(env_authorize_lock(other, env_id(self), ENV_RIGHT_CONTROL, &error) == NULL);
    CHECK(env_authorize_lock(other, env_id(self), ENV_RIGHT_MEMORY, &error) == self);
    env_unlock(self);
    atomic_store(&self->controller, env_id(other));
    CHECK(env_authorize_lock(other, env_id(self), ENV_RIGHT_CONTROL, &error) == self);
    env_unlock(self);
    destroy(other); /* a stale id gives no right */
    other = create(other_space);
    CHECK(env_authorize_lock(other, env_id(self), ENV_RIGHT_MEMORY, &error) == NULL);
}

/* Creates and destroys at random: ids of the living are found, those of the dead are not. */
static void env_random_reuse(void)
{
    static uint32_t ids[ENV_MAX];
    bool good = true;

    start();
    memset(ids, 0, sizeof(ids));
    for (uint32_t i = 0; i < 20000 && good; i++) {
        uint32_t at = unit_random(64);

        if (envs[at] != NULL && ids[at] != 0 && env_find(ids[at]) == envs[at]) {
            destroy(envs[at]);
            good = env_find(ids[at]) == NULL;
        } else {
            uint32_t old = ids[at];

            envs[at] = create(space);
            ids[at] = env_id(envs[at]);
            good = ids[at] != old && env_find(ids[at]) == envs[at] &&
                   (old == 0 || env_find(old) == NULL);
        }
    }
    CHECK(good);
}

int main(void)
{
    env_init();
    UNIT_RUN(env_ids_are_positive_and_found);
    UNIT_RUN(env_no_such_ids);
    UNIT_RUN(env_stale_id_is_not_found);
    UNIT_RUN(env_find_lock_locks);
    UNIT_RUN(env_generation_wraps);
    UNIT_RUN(env_table_full);
    UNIT_RUN(env_without_memory_costs_no_slot);
    UNIT_RUN(env_joins_a_space_that_lives);
    UNIT_RUN(env_authority);
    UNIT_RUN(env_random_reuse);
    return unit_done();
}
