/* Locks: all are free, and no CPU counts one as held. */
#include "kernel/check/inside.h"
#include "kernel/check/parts.h"
#include "kernel/irq.h"

/* By what the algorithm keeps; one that is not known here passes. */
static bool lock_is_free(const struct lock *l, uint32_t slot)
{
    const union raw_lock *raw = &l->raw;

    switch (lock_algorithm_of(slot)) {
    case LOCK_ALGO_TAS:
        return atomic_load(&raw->tas.taken) == 0;
    case LOCK_ALGO_TTAS:
        return atomic_load(&raw->ttas.taken) == 0;
    case LOCK_ALGO_TICKET:
        return atomic_load(&raw->ticket.next) == atomic_load(&raw->ticket.serving);
    case LOCK_ALGO_MCS:
        return atomic_load(&raw->mcs.tail) == NULL;
    case LOCK_ALGO_CLH: {
        uint32_t tail = atomic_load(&raw->clh.tail);

        return atomic_load(clh_node_of(tail, slot)) != clh_word(&raw->clh, tail);
    }
    default:
        return true;
    }
}

void check_lock_free(const struct lock *l, uint32_t slot, const char *what, uint32_t number)
{
    if (!lock_is_free(l, slot))
        check_fail("lock: that of %s %u is taken", what, number);
}

static void check_shared(void)
{
    for (uint32_t class = 0; class < LOCK_CLASSES; class ++)
        check_lock_free(&lock_subsystem[class].lock, class, lock_slot_name(class), class);
    check_lock_free(&lock_big.lock, LOCK_BIG, lock_slot_name(LOCK_BIG), 0);
}

static void check_cpu(const struct lock_cpu *cpu, uint32_t index)
{
    if (cpu->depth != 0)
        check_fail("lock: cpu%u has %u on its list of held locks", index, cpu->depth);
    if (cpu->waiting != 0)
        check_fail("lock: cpu%u waits for a %s lock", index, lock_slot_name(cpu->waiting - 1u));
    for (uint32_t slot = 0; slot < LOCK_SLOTS; slot++) {
        if (cpu->nesting[slot] != 0)
            check_fail("lock: cpu%u counts %u of class %s as held", index, cpu->nesting[slot],
                       lock_slot_name(slot));
    }
}

void check_locks(void)
{
    const struct lock *table;
    struct lock *lock;
    uint32_t unused;

    (void)env_inside_free(&table);
    check_lock_free(table, LOCK_ENV_TABLE, "the env table", 0);
    (void)frame_inside_pool(FRAME_LOW, FRAME_DIRTY, &unused, &lock);
    check_lock_free(lock, LOCK_POOL, "the frame pool", 0);
    for (uint32_t line = 0; line < IRQ_LINES; line++) {
        (void)irq_inside_owner(line, &unused, &lock);
        check_lock_free(lock, LOCK_IRQ, "interrupt line", line);
    }
    for (uint32_t i = 0; i < ENV_MAX; i++)
        check_lock_free(&env_table[i].lock, LOCK_ENV, "env slot", i);
    for (uint32_t i = 0; i < cpu_count; i++) {
        check_lock_free(&cpus[i]->inbox_lock, LOCK_INBOX, "the inbox of cpu", i);
        check_cpu(&cpus[i]->locks, i);
    }
    check_shared();
}
