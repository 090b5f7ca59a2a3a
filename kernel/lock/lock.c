/* The shared locks of the coarser granularities, the algorithms' nodes, the class table and the held-lock
 * records. See lock.h and lockdep.h.
 */
#define LOCK_NODES /* here they are defined */
#include "kernel/lock/lock.h"

#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/panic.h"

struct shared_lock lock_subsystem[LOCK_CLASSES];
struct shared_lock lock_big;

struct lock_cpu *lock_cpus[GRAIN_MAX_CPUS];

static const struct {
    const char *name;
    uint32_t rank;
} lock_classes[LOCK_CLASSES] = {
#define X(id, class_name, class_rank, guards) \
    [LOCK_##id] = {.name = #class_name, .rank = (class_rank)},
    LOCK_CLASS_LIST(X)
#undef X
};

void lock_init_cpu(struct lock_cpu *cpu, uint32_t index)
{
    cpu->index = (uint8_t)index;
    lock_cpus[index] = cpu;
}

const char *lock_slot_name(uint32_t slot)
{
    return slot == LOCK_BIG ? "big" : lock_classes[slot].name;
}

uint32_t lock_slot_rank(uint32_t slot)
{
    return slot == LOCK_BIG ? 0 : lock_classes[slot].rank;
}

void lock_wait_turn(void)
{
    lock_relax();
    watchdog_look();
    lockstat_spin();
}

#ifdef __i386__
/* For lock_spin: those that C functions do not keep. */
__asm__(".text\n"
        ".globl lock_wait_turn_keeping_registers\n"
        ".type lock_wait_turn_keeping_registers, @function\n"
        "lock_wait_turn_keeping_registers:\n"
        "pushl %eax\n"
        "pushl %edx\n"
        "pushl %ecx\n"
        "call lock_wait_turn\n"
        "popl %ecx\n"
        "popl %edx\n"
        "popl %eax\n"
        "ret\n"
        ".size lock_wait_turn_keeping_registers, . - lock_wait_turn_keeping_registers");
#endif

static const char *describe(const void *site, char text[KSYMS_TEXT_MAX])
{
    return ksyms_describe((uint32_t)(uintptr_t)site, false, text);
}

#if GRAIN_LOCKDEP

static void lockdep_fail(const char *what, enum lock_class class, const void *site,
                         const struct lock_held *other)
{
    char here[KSYMS_TEXT_MAX];
    char there[KSYMS_TEXT_MAX];

    panic("lockdep: %s: %s at %s, while %s is held since %s", what, lock_classes[class].name,
          describe(site, here), lock_classes[other->class].name, describe(other->site, there));
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
        const struct lock_held *last = &me->held[me->depth - 1];
        char text[KSYMS_TEXT_MAX];

        panic("lockdep: %s is held on the way %s, taken at %s", lock_classes[last->class].name,
              where, describe(last->site, text));
    }
}

#endif

void lock_print_held(void)
{
    const struct lock_cpu *me = lock_this_cpu();

    for (uint32_t i = 0; i < me->depth && i < LOCKDEP_DEPTH; i++) {
        const struct lock_held *held = &me->held[i];
        bool waits = me->waiting == held->class + 1 && i == me->depth - 1;
        char text[KSYMS_TEXT_MAX];

        log_error("  %s %s lock %p, %s at %s", waits ? "waits for" : "holds",
                  lock_classes[held->class].name, (const void *)held->lock,
                  waits ? "tried" : "taken", describe(held->site, text));
    }
}
