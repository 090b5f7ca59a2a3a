/* Spaces, which env belongs to which, and their gates.
 *
 * A gate is one atomic word: OPEN; BUSY; or BUSY with parked requests, and then the index of the one that
 * came last. A parked request is in the slot of the env that sent it (it can have but one, as it waits
 * for the answer): there is no list that can overflow.
 */
#include "servers/pager/pager.h"

#include "grain/syscall.h"

#define GATE_OPEN   0u
#define GATE_BUSY   1u
#define GATE_PARKED 2u /* and above: index + this */

struct parked {
    envid_t owner; /* atomic; 0: free */
    struct parked *next;
    struct request request;
};

static struct space spaces[SPACES_MAX];
static struct parked parked[ENV_MAX];

/* By env index. The space is written before the env, and read after it. */
static struct {
    envid_t env; /* atomic; 0: none */
    struct space *space;
    bool ended; /* with the gate held */
} members[ENV_MAX];

/* ---- Envs and spaces. ---- */

struct space *space_find(envid_t env)
{
    uint32_t index = ENV_INDEX(env);
    struct space *space;

    if (env <= 0 || __atomic_load_n(&members[index].env, __ATOMIC_ACQUIRE) != env)
        return NULL;
    space = __atomic_load_n(&members[index].space, __ATOMIC_RELAXED);
    /* Another env may have got the slot in between. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&members[index].env, __ATOMIC_RELAXED) == env ? space : NULL;
}

void space_add_env(struct space *space, envid_t env)
{
    uint32_t index = ENV_INDEX(env);

    __atomic_store_n(&members[index].env, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&members[index].space, space, __ATOMIC_RELAXED);
    members[index].ended = false;
    __atomic_store_n(&members[index].env, env, __ATOMIC_RELEASE);
    space->threads++;
}

void space_remove_env(struct space *space, envid_t env)
{
    if (space_find(env) != space)
        return;
    __atomic_store_n(&members[ENV_INDEX(env)].env, 0, __ATOMIC_RELEASE);
    space->threads--;
}

void space_remove_all(struct space *space)
{
    for (uint32_t i = 0; i < ENV_MAX && space->threads > 0; i++) {
        if (members[i].env != 0 && members[i].space == space)
            space_remove_env(space, members[i].env);
    }
}

void space_end_others(struct space *space, envid_t env)
{
    uint32_t others = space->threads - 1;

    for (uint32_t i = 0; i < ENV_MAX && others > 0; i++) {
        envid_t other = members[i].env;

        if (other == env || space_find(other) != space)
            continue;
        members[i].ended = true;
        others--;
    }
}

bool space_serves(const struct space *space, envid_t env)
{
    return space_find(env) == space && !members[ENV_INDEX(env)].ended;
}

static bool gate_change(struct space *space, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&space->gate, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

struct space *space_take(void)
{
    for (uint32_t i = 0; i < SPACES_MAX; i++) {
        struct space *space = &spaces[i];

        if (__atomic_load_n(&space->used, __ATOMIC_RELAXED) ||
            !gate_change(space, GATE_OPEN, GATE_BUSY))
            continue;
        if (!space->used) {
            __atomic_store_n(&space->used, true, __ATOMIC_RELAXED);
            space->no_memory = false;
            space->had_threads = false;
            space->threads = 0;
            space->brk = HEAP_BASE;
            count(&stats.spaces, 1);
            return space;
        }
        space_leave(space);
    }
    return NULL;
}

void space_free(struct space *space)
{
    region_clear(space);
    shared_disown(space);
    space_remove_all(space);
    __atomic_store_n(&space->used, false, __ATOMIC_RELAXED);
    count(&stats.spaces, -1);
}

/* ---- Gates. ---- */

/* Puts the request into its sender's slot. False: it has one there already, so it did not wait for its
 * answer, or the gate is not to be waited for. */
static struct parked *park(const struct request *request)
{
    struct parked *slot = &parked[ENV_INDEX(request->from)];
    envid_t owner = 0;

    /* That of an env that is dead by now will be looked at soon. */
    while (!__atomic_compare_exchange_n(&slot->owner, &owner, request->from, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if (owner == request->from)
            return NULL;
        owner = 0;
        yield();
    }
    slot->request = *request;
    return slot;
}

static void unpark(struct parked *slot)
{
    __atomic_store_n(&slot->owner, 0, __ATOMIC_RELEASE);
}

bool space_enter(struct space *space, const struct request *request)
{
    struct parked *slot;
    uint32_t gate;

    if (gate_change(space, GATE_OPEN, GATE_BUSY))
        return true;
    slot = park(request);
    if (slot == NULL)
        return false;
    gate = __atomic_load_n(&space->gate, __ATOMIC_RELAXED);
    for (;;) {
        uint32_t wanted = gate == GATE_OPEN ? GATE_BUSY : (uint32_t)(slot - parked) + GATE_PARKED;

        slot->next = gate >= GATE_PARKED ? &parked[gate - GATE_PARKED] : NULL;
        /* Release: the holder sees the request. */
        if (__atomic_compare_exchange_n(&space->gate, &gate, wanted, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            break;
    }
    if (gate != GATE_OPEN)
        return false;
    unpark(slot);
    return true;
}

static struct parked *turn_round(struct parked *list)
{
    struct parked *turned = NULL;

    while (list != NULL) {
        struct parked *next = list->next;

        list->next = turned;
        turned = list;
        list = next;
    }
    return turned;
}

bool space_next(struct space *space, struct parked **list, struct request *request)
{
    struct parked *slot = *list;

    if (slot == NULL) {
        if (gate_change(space, GATE_BUSY, GATE_OPEN))
            return false;
        uint32_t gate = __atomic_exchange_n(&space->gate, GATE_BUSY, __ATOMIC_ACQUIRE);
        slot = turn_round(&parked[gate - GATE_PARKED]);
    }
    *list = slot->next;
    *request = slot->request;
    unpark(slot);
    return true;
}

/* Only requests of envs that are gone can be there: nobody knew the space. */
void space_leave(struct space *space)
{
    struct parked *list = NULL;
    struct request request;

    while (space_next(space, &list, &request)) {}
}
