/* The shared locks of the coarser granularities, the class table and the held-lock records.
 * See lock.h and lockdep.h.
 */
#include "kernel/lock/lock.h"

#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/panic.h"

struct shared_lock lock_subsystem[LOCK_CLASSES];
struct shared_lock lock_big;

static const struct {
    const char *name;
    uint32_t rank;
} lock_classes[LOCK_CLASSES] = {
#define X(id, class_name, class_rank, guards) \
    [LOCK_##id] = {.name = #class_name, .rank = (class_rank)},
    LOCK_CLASS_LIST(X)
#undef X
};

#if GRAIN_LOCKDEP

static void lockdep_fail(const char *what, enum lock_class class, const void *site,
                         const struct lock_held *other)
{
    panic("lockdep: %s: %s at %p, while %s is held since %p", what, lock_classes[class].name, site,
          lock_classes[other->class].name, other->site);
}

void lockdep_push(enum lock_class class, const struct lock *l, const void *site)
{
    struct lock_cpu *me = lock_this_cpu();

    ASSERT(me->depth < LOCKDEP_DEPTH);
    for (uint32_t i = 0; i < me->depth; i++) {
        const struct lock_held *other = &me->held[i];

        if (other->lock == l)
            lockdep_fail("taken twice", class, site, other);
        if (other->class == class)
            lockdep_fail("two of one class", class, site, other);
        if (lock_classes[other->class].rank > lock_classes[class].rank)
            lockdep_fail("falling rank", class, site, other);
    }
    me->held[me->depth++] = (struct lock_held){.lock = l, .site = site, .class = class};
}

void lockdep_pop(const struct lock *l)
{
    struct lock_cpu *me = lock_this_cpu();
    uint32_t i = me->depth;

    while (i > 0 && me->held[i - 1].lock != l)
        i--;
    if (i == 0)
        panic("lockdep: a lock is released that this CPU does not hold");
    for (; i < me->depth; i++)
        me->held[i - 1] = me->held[i];
    me->depth--;
}

bool lockdep_holds(const struct lock *l)
{
    const struct lock_cpu *me = lock_this_cpu();

    for (uint32_t i = 0; i < me->depth; i++) {
        if (me->held[i].lock == l)
            return true;
    }
    return false;
}

void lockdep_assert_none(const char *where)
{
    const struct lock_cpu *me = lock_this_cpu();

    if (unlikely(me->depth != 0)) {
        panic("lockdep: %s is held on the way %s, taken at %p",
              lock_classes[me->held[me->depth - 1].class].name, where,
              me->held[me->depth - 1].site);
    }
}

#endif

void lock_print_held(void)
{
    const struct lock_cpu *me = lock_this_cpu();

    for (uint32_t i = 0; i < me->depth && i < LOCKDEP_DEPTH; i++) {
        log_error("  holds %s lock %p, taken at %p", lock_classes[me->held[i].class].name,
                  (const void *)me->held[i].lock, me->held[i].site);
    }
}
