/* What each CPU knows of the locks it holds: for the order checks (lockdep, debug and test builds),
 * for asserts and for the panic report.
 *
 * Checked at each acquire: rising rank, never two of a class, never the same lock twice; at the way
 * out of the kernel and into halt: nothing held. Both sites are named.
 */
#ifndef GRAIN_LOCK_LOCKDEP_H
#define GRAIN_LOCK_LOCKDEP_H

#define LOCKDEP_DEPTH 8

struct lock;

struct lock_held {
    const struct lock *lock;
    const void *site; /* where it was taken */
    enum lock_class class;
};

/* Owner CPU only. The first member of struct cpu, so its address is known without that struct. */
struct lock_cpu {
    uint32_t
        nesting[LOCK_CLASSES]; /* granularity `subsystem`: how often the class's lock is held */
    uint32_t depth;
    struct lock_held held[LOCKDEP_DEPTH];
};

#ifdef GRAIN_HOST
extern _Thread_local struct lock_cpu lock_host_cpu;
#define lock_this_cpu() (&lock_host_cpu)
#else
#include "kernel/arch/x86/memlayout.h"
#define lock_this_cpu() ((struct lock_cpu *)PERCPU_CPU)
#endif

#define lock_nesting(class) (lock_this_cpu()->nesting[class])

#if GRAIN_LOCKDEP
void lockdep_push(enum lock_class class, const struct lock *l, const void *site);
void lockdep_pop(const struct lock *l);
bool lockdep_holds(const struct lock *l);
void lockdep_assert_none(const char *where);

static inline ALWAYS_INLINE void lockdep_acquire(enum lock_class class, const struct lock *l)
{
    lockdep_push(class, l, code_address());
}

static inline void lockdep_release(enum lock_class class, const struct lock *l)
{
    (void)class;
    lockdep_pop(l);
}

static inline bool lock_is_held(const struct lock *l)
{
    return lockdep_holds(l);
}
#else
static inline void lockdep_acquire(enum lock_class class, const struct lock *l)
{
    (void)class;
    (void)l;
}

static inline void lockdep_release(enum lock_class class, const struct lock *l)
{
    (void)class;
    (void)l;
}

static inline bool lock_is_held(const struct lock *l)
{
    (void)l;
    return true;
}

static inline void lockdep_assert_none(const char *where)
{
    (void)where;
}
#endif

/* For the panic report: one line a lock that this CPU holds. */
void lock_print_held(void);

#endif
