/* The lock classes: name, rank, what a lock of the class guards. Locks are taken in rising rank;
 * never two of one class at once. docs/locking.md has this table, a test compares them.
 */
#ifndef GRAIN_LOCK_CLASSES_H
#define GRAIN_LOCK_CLASSES_H

/* clang-format off */
#define LOCK_CLASS_LIST(X)                                                                  \
    X(ENV,       env,       10, "an env's mailbox, identity, authority and parked states")  \
    X(ENV_TABLE, env_table, 20, "the list of free env slots")                               \
    X(ASPACE,    aspace,    30, "page tables, quota and message-page slots")                \
    X(IRQ,       irq,       40, "who is notified of an interrupt line")                     \
    X(POOL,      pool,      50, "the global lists of free frames")                          \
    X(INBOX,     inbox,     60, "envs posted to a CPU by other CPUs")
/* clang-format on */

enum lock_class {
#define X(id, name, rank, guards) LOCK_##id,
    LOCK_CLASS_LIST(X)
#undef X
        LOCK_CLASSES,
    LOCK_BIG = LOCK_CLASSES, /* granularity `big`: the one lock */
    LOCK_SLOTS
};

#endif
