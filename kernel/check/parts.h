/* The parts of the check, in the order in which check_all runs them, and what they share. See check.h. */
#ifndef GRAIN_CHECK_PARTS_H
#define GRAIN_CHECK_PARTS_H

#include "kernel/check/check.h"
#include "kernel/env.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"

void check_locks(void);
void check_queues(void);
void check_envs(void);
void check_spaces(void);
void check_frames(void);
void check_cpus(void);

/* Fails if the lock is taken. slot: its class, or LOCK_BIG; what, number: how to call it. */
void check_lock_free(const struct lock *l, uint32_t slot, const char *what, uint32_t number);

/* How often check_queues found the env's link in a list, and the env in an inbox. */
extern uint8_t check_linked[ENV_MAX];
extern uint8_t check_posted[ENV_MAX];

/* An env is in the slot: not FREE, and not DEAD, of which little is left. */
static inline bool check_has_env(const struct env *e)
{
    enum env_state state = env_state(e);

    return state != ENV_STATE_FREE && state != ENV_STATE_DEAD;
}

/* It still counts in its address space, and has its message page. */
static inline bool check_is_in_space(const struct env *e)
{
    return check_has_env(e) && e->step <= DEATH_MEMORY;
}

/* The env of that id lives, or is dying and has not looked yet for who waits for it. */
static inline bool check_may_still_look(uint32_t id)
{
    const struct env *e = &env_table[ENV_INDEX(id)];

    return env_id(e) == id ||
           ((uint32_t)e->public->id == id && check_has_env(e) && e->step <= DEATH_RELATIONS);
}

/* The address spaces that there are, as check_spaces found them. */
extern struct aspace *check_space[ENV_MAX];
extern uint32_t check_space_count;

/* A frame that the kernel can address, and that there is a record of. */
static inline bool check_is_low_frame(uint32_t pfn)
{
    return pfn != FRAME_NONE && pfn < frame_limit && pfn < DIRECT_MAP_SIZE >> PAGE_SHIFT;
}

#endif
