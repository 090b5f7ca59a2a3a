/* The spin watchdog; see watchdog.h. Takes no locks: it reads other CPUs' records as they stand, so a
 * holder that changes meanwhile may be missed. */
#include "kernel/lock/watchdog.h"

#include "kernel/arch.h"
#include "kernel/compiler.h"
#include "kernel/format.h"
#include "kernel/ksyms.h"
#include "kernel/lock/lock.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#if GRAIN_LOCKDEP

#if GRAIN_LOCK_GRANULARITY_SUBSYSTEM
#define CLASS_IS_ONE_LOCK true
#else
#define CLASS_IS_ONE_LOCK false
#endif

/* Immutable after start-up. */
static uint64_t watchdog_us = WATCHDOG_DEFAULT_MS * UINT64_C(1000);
static bool watchdog_panics;

void watchdog_set(uint32_t ms, bool panics)
{
    watchdog_us = ms * UINT64_C(1000);
    watchdog_panics = panics;
}

/* Where that CPU took the lock that `waiter` waits for; NULL: it has not got it. */
static const void *watchdog_site_of_holder(const struct lock_cpu *cpu,
                                           const struct lock_cpu *waiter)
{
    uint32_t slot = waiter->waiting - 1u;
    uint32_t depth = READ_ONCE(cpu->depth);

    if (slot == LOCK_BIG)
        return READ_ONCE(cpu->big_site);
    if (READ_ONCE(cpu->waiting) != 0 && depth > 0)
        depth--;
    for (uint32_t i = 0; i < depth && i < LOCKDEP_DEPTH; i++) {
        const struct lock_held *held = &cpu->held[i];

        if (held->class == slot &&
            (CLASS_IS_ONE_LOCK || READ_ONCE(held->lock) == waiter->wait_lock))
            return READ_ONCE(held->site);
    }
    return NULL;
}

static const void *watchdog_find_holder(const struct lock_cpu *me, uint32_t *cpu)
{
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++) {
        const void *site;

        if (lock_cpus[i] == NULL || i == me->index)
            continue;
        site = watchdog_site_of_holder(lock_cpus[i], me);
        if (site != NULL) {
            *cpu = i;
            return site;
        }
    }
    return NULL;
}

static void watchdog_report(const struct lock_cpu *me)
{
    uint32_t ms = (uint32_t)(arch_time_us() - me->wait_start) / 1000u;
    char text[2 * KSYMS_TEXT_MAX + 96];
    char where[KSYMS_TEXT_MAX];
    uint32_t cpu = 0;
    const void *site = watchdog_find_holder(me, &cpu);
    size_t len;

    ksyms_describe((uint32_t)(uintptr_t)me->wait_site, false, where);
    format_text(text, sizeof(text), "spin: cpu%u waits %u ms for %s lock %p at %s, ", me->index, ms,
                lock_slot_name(me->waiting - 1u), me->wait_lock, where);
    len = strlen(text);
    if (site == NULL) {
        format_text(text + len, sizeof(text) - len, "which no CPU has just now");
    } else {
        ksyms_describe((uint32_t)(uintptr_t)site, false, where);
        format_text(text + len, sizeof(text) - len, "which cpu%u has since %s", cpu, where);
    }
    if (watchdog_panics)
        panic("%s", text);
    log_warn("%s", text);
}

void watchdog_look(void)
{
    struct lock_cpu *me = lock_this_cpu();
    uint64_t now = arch_time_us();

    if (me->waiting == 0 || watchdog_us == 0 || now == 0)
        return;
    if (me->wait_start == 0) {
        me->wait_start = now;
        WRITE_ONCE(me->wait_bound, watchdog_us);
        return;
    }
    if (now - me->wait_start < me->wait_bound)
        return;
    watchdog_report(me);
    WRITE_ONCE(me->wait_bound, 2 * me->wait_bound);
}

#endif
