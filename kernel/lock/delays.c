/* Delays for other schedules, see delays.h. */
#include "kernel/lock/delays.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/cpu.h"

#define LONGEST_LOG2 12u /* of a delay, in instructions */
#define PHASE_MAX    99999u

/* Written before other CPUs run; `state` is 0 for none, and each CPU's own afterwards. */
static struct {
    uint32_t phase;
    uint32_t state;
} delays[GRAIN_MAX_CPUS];

static atomic_bool started;

void delays_set_seed(uint32_t seed)
{
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++)
        delays[i].state = seed == 0 ? 0 : (seed * GRAIN_MAX_CPUS + i) * 0x9e3779b9u | 1u;
}

bool delays_set_phases(const char *text)
{
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++) {
        uint32_t number = 0;

        if (*text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9' && number <= PHASE_MAX; text++)
            number = number * 10 + (uint32_t)(*text - '0');
        if (number > PHASE_MAX)
            return false;
        delays[i].phase = number;
        if (*text == 0)
            return true;
        if (*text++ != ',')
            return false;
    }
    return false;
}

void delays_start(void)
{
    atomic_store_explicit(&started, true, memory_order_release);
}

/* So many instructions. */
static void run_instructions(uint32_t count)
{
    if (count != 0)
        __asm__ volatile("1: loop 1b" : "+c"(count));
}

/* Half of the places have none; the others' are of all orders of magnitude alike. Now and then the
 * CPUs behind this one, where they take turns on one host thread, get theirs. */
void delays_here(void)
{
    uint32_t r;

    if (!atomic_load_explicit(&started, memory_order_acquire) || delays[cpu_id()].state == 0)
        return;
    r = delays[cpu_id()].state;
    r ^= r << 13;
    r ^= r >> 17;
    r ^= r << 5;
    delays[cpu_id()].state = r;
    if ((r & 1u) != 0)
        return;
    run_instructions((r >> 8 & 0xffffu) % (1u << (r >> 1 & 0x7fu) % (LONGEST_LOG2 + 1)));
    if ((r >> 24 & 0xfu) == 0)
        cpu_relax();
}

void delays_phase(void)
{
    run_instructions(delays[cpu_id()].phase);
}
