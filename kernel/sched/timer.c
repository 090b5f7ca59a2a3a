/* Timeouts; see timer.h. */
#include "kernel/sched/timer.h"

#include "kernel/panic.h"

static struct env *timer_heap[GRAIN_MAX_CPUS][ENV_MAX + 1];

void timer_init_cpu(void)
{
    this_cpu()->timers = timer_heap[cpu_id()];
    this_cpu()->timer_count = 0;
}

static void timer_place(uint32_t slot, struct env *e)
{
    this_cpu()->timers[slot] = e;
    WRITE_ONCE(e->timer_slot, slot);
}

static void timer_sift_up(uint32_t slot, struct env *e)
{
    struct env **heap = this_cpu()->timers;

    for (; slot > 1 && heap[slot / 2]->deadline > e->deadline; slot /= 2)
        timer_place(slot, heap[slot / 2]);
    timer_place(slot, e);
}

static void timer_sift_down(uint32_t slot, struct env *e)
{
    struct env **heap = this_cpu()->timers;
    uint32_t count = this_cpu()->timer_count;

    for (uint32_t child = slot * 2; child <= count; child = slot * 2) {
        if (child < count && heap[child + 1]->deadline < heap[child]->deadline)
            child++;
        if (heap[child]->deadline >= e->deadline)
            break;
        timer_place(slot, heap[child]);
        slot = child;
    }
    timer_place(slot, e);
}

void timer_add(struct env *e, uint64_t deadline)
{
    ASSERT(e->timer_slot == 0);
    e->deadline = deadline;
    timer_sift_up(++this_cpu()->timer_count, e);
}

void timer_remove(struct env *e)
{
    struct cpu *cpu = this_cpu();
    uint32_t slot = e->timer_slot;
    struct env *last = cpu->timers[cpu->timer_count--];

    WRITE_ONCE(e->timer_slot, 0);
    if (last == e)
        return;
    if (slot > 1 && cpu->timers[slot / 2]->deadline > last->deadline)
        timer_sift_up(slot, last);
    else
        timer_sift_down(slot, last);
}

struct env *timer_expired(uint64_t now)
{
    struct env *first;

    if (this_cpu()->timer_count == 0)
        return NULL;
    first = this_cpu()->timers[1];
    if (first->deadline > now)
        return NULL;
    timer_remove(first);
    return first;
}

uint64_t timer_next(void)
{
    return this_cpu()->timer_count == 0 ? CPU_NEVER : this_cpu()->timers[1]->deadline;
}
