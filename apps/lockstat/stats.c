/* Readings and differences, see stats.h. */
#include "apps/lockstat/stats.h"

#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "grain/time.h"

static uint32_t cpus(void)
{
    return lockstat()->ncpus < SYSINFO_CPUS ? lockstat()->ncpus : SYSINFO_CPUS;
}

void stats_take(struct reading *out)
{
    for (uint32_t i = 0; i < cpus(); i++)
        lockstat_read(i, &out->cpu[i]);
    out->at = time_ticks();
}

static void add_slot(const struct lockstat_slot *before, const struct lockstat_slot *now,
                     struct slot_growth *out)
{
    out->acquisitions += now->acquisitions - before->acquisitions;
    out->contended += now->contended - before->contended;
    out->handovers += now->handovers - before->handovers;
    if (now->longest_run > out->longest_run)
        out->longest_run = now->longest_run;
    out->spins += now->spins - before->spins;
    out->wait_ticks += now->wait_ticks - before->wait_ticks;
    out->hold_ticks += now->hold_ticks - before->hold_ticks;
    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++) {
        out->wait[i] += now->wait[i] - before->wait[i];
        out->hold[i] += now->hold[i] - before->hold[i];
    }
}

void stats_slot(const struct reading *before, const struct reading *now, uint32_t cpu,
                uint32_t slot, struct slot_growth *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < cpus(); i++) {
        if (cpu == ALL_CPUS || cpu == i)
            add_slot(&before->cpu[i].slot[slot], &now->cpu[i].slot[slot], out);
    }
}

static int compare_sites(const void *a, const void *b)
{
    const struct site_growth *x = a;
    const struct site_growth *y = b;

    if (x->wait_ticks != y->wait_ticks)
        return x->wait_ticks > y->wait_ticks ? -1 : 1;
    if (x->acquisitions != y->acquisitions)
        return x->acquisitions > y->acquisitions ? -1 : 1;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* The entry for a place; NULL: there is no more room. */
static struct site_growth *site_of(struct site_growth out[STATS_SITES], uint32_t *count,
                                   const struct lockstat_site *site)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (out[i].address == site->address)
            return &out[i];
    }
    if (*count == STATS_SITES)
        return NULL;
    out[*count] =
        (struct site_growth){.name = site->name, .address = site->address, .slot = site->slot};
    return &out[(*count)++];
}

/* A place keeps its entry for good, and one that is new has zeros before. */
static void add_site(const struct lockstat_site *before, const struct lockstat_site *now,
                     struct site_growth out[STATS_SITES], uint32_t *count)
{
    uint32_t acquisitions = now->acquisitions - before->acquisitions;
    uint32_t contended = now->contended - before->contended;
    struct site_growth *site;

    if (acquisitions == 0 && contended == 0)
        return;
    site = site_of(out, count, now);
    if (site == NULL)
        return;
    site->acquisitions += acquisitions;
    site->contended += contended;
    site->wait_ticks += now->wait_ticks - before->wait_ticks;
    site->hold_ticks += now->hold_ticks - before->hold_ticks;
}

uint32_t stats_sites(const struct reading *before, const struct reading *now, uint32_t slot,
                     struct site_growth out[STATS_SITES])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cpus(); i++) {
        for (uint32_t k = 0; k < LOCKSTAT_SITES; k++) {
            const struct lockstat_site *site = &now->cpu[i].site[k];

            if (site->address != 0 && (slot == ALL_SLOTS || slot == site->slot))
                add_site(&before->cpu[i].site[k], site, out, &count);
        }
    }
    qsort(out, count, sizeof(out[0]), compare_sites);
    return count;
}

uint32_t stats_sites_lost(const struct reading *before, const struct reading *now)
{
    uint32_t lost = 0;

    for (uint32_t i = 0; i < cpus(); i++)
        lost += now->cpu[i].sites_lost - before->cpu[i].sites_lost;
    return lost;
}

struct section_growth stats_section(const struct reading *before, const struct reading *now,
                                    uint32_t kind)
{
    struct section_growth sum = {.count = 0};

    for (uint32_t i = 0; i < cpus(); i++) {
        const struct lockstat_section *section = &now->cpu[i].section[kind];

        sum.count += section->count - before->cpu[i].section[kind].count;
        if (section->longest > sum.longest)
            sum.longest = section->longest;
    }
    return sum;
}

const char *stats_section_name(uint32_t kind)
{
    static const char *const names[LOCKSTAT_SECTIONS] = {
#define X(number, name, args, text) [number] = #name,
        GRAIN_SYSCALL_LIST(X)
#undef X
            [LOCKSTAT_SECTION_INTERRUPT] = "(interrupt)",
        [LOCKSTAT_SECTION_EXCEPTION] = "(exception)",
    };

    return names[kind];
}

uint32_t stats_find_slot(const char *name)
{
    const struct lockstat *all = lockstat();

    for (uint32_t i = 0; all != NULL && i < all->nslots; i++) {
        if (strcmp(all->name[i], name) == 0)
            return i;
    }
    return ALL_SLOTS;
}

uint64_t stats_quantile(const uint32_t counts[LOCKSTAT_BUCKETS], uint32_t permille)
{
    uint64_t total = 0;
    uint64_t below = 0;

    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++)
        total += counts[i];
    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS && total != 0; i++) {
        below += counts[i];
        if (below * 1000 >= total * permille)
            return 2ull << i;
    }
    return 0;
}

uint64_t stats_ns(uint64_t ticks)
{
    return ticks * 1000000 / sysinfo()->tsc_khz;
}
