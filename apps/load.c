/* How busy CPUs are, see apps/load.h. */
#include "apps/load.h"

/* A halt that begins after `now` was taken has not lasted yet. */
static uint32_t halt_time(uint32_t since, uint32_t now)
{
    int32_t elapsed = (int32_t)(now - since);

    return since == 0 || elapsed < 0 ? 0 : (uint32_t)elapsed;
}

struct load_reading load_read(const struct sysinfo_cpu *cpu, uint32_t now)
{
    /* In this order, as the owner writes them in the other: at worst a halt that ends in between
     * is left out, never counted twice. */
    uint32_t idle = cpu->idle_us;
    uint32_t since = cpu->halted_since;

    return (struct load_reading){.at = now, .idle = idle + halt_time(since, now)};
}

uint32_t permille(uint32_t part, uint32_t whole)
{
    if (whole == 0)
        return 0;
    return part >= whole ? 1000 : (uint32_t)((uint64_t)part * 1000 / whole);
}

/* A reading is not exact to the microsecond: idle time may seem to go back, or to exceed the time. */
uint32_t load_permille(struct load_reading before, struct load_reading after)
{
    uint32_t elapsed = after.at - before.at;
    int32_t idle = (int32_t)(after.idle - before.idle);

    if (elapsed == 0)
        return 0;
    return 1000 - permille(idle < 0 ? 0 : (uint32_t)idle, elapsed);
}

void load_bar(char *text, uint32_t width, uint32_t permille_full)
{
    uint32_t full = (permille_full * width + 500) / 1000;

    for (uint32_t i = 0; i < width; i++)
        text[i] = i < full ? '#' : '.';
    text[width] = 0;
}
