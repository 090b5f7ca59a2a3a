/* Tables, see print.h. A class where nothing happened has no line. */
#include <stdio.h>

#include "apps/lockstat/print.h"

static void end_line(const struct view *view)
{
    printf("%s", view->line_end);
}

static uint32_t permille_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint32_t)(part * 1000 / whole);
}

static uint32_t mean_ns(uint64_t ticks, uint32_t count)
{
    return count == 0 ? 0 : (uint32_t)stats_ns(ticks / count);
}

static bool is_full(void)
{
    return lockstat()->mode == LOCKSTAT_FULL;
}

static void print_heading(const struct view *view)
{
    printf("%-10s%s%9s %8s %6s %9s %8s", "CLASS", view->per_cpu ? "CPU " : "", "TAKEN", "WAITED",
           "%", "SPINS", "WAIT ns");
    if (is_full())
        printf(" %8s %8s %6s", "HOLD ns", "HANDOVER", "RUN");
    end_line(view);
}

static void print_slot(const struct slot_growth *g, const char *name, uint32_t cpu,
                       const struct view *view)
{
    uint32_t share = permille_of(g->contended, g->acquisitions);

    if (g->acquisitions == 0)
        return;
    printf("%-10s", name);
    if (cpu != ALL_CPUS)
        printf("%3u ", cpu);
    else if (view->per_cpu)
        printf("all ");
    printf("%9u %8u %4u.%u %9llu %8u", g->acquisitions, g->contended, share / 10, share % 10,
           g->spins, mean_ns(g->wait_ticks, g->contended));
    if (is_full())
        printf(" %8u %8u %6u", mean_ns(g->hold_ticks, g->acquisitions), g->handovers,
               g->longest_run);
    end_line(view);
}

static void print_buckets(const char *what, const uint32_t counts[LOCKSTAT_BUCKETS],
                          const struct view *view)
{
    uint64_t most = stats_quantile(counts, 990);

    if (most == 0)
        return;
    printf("    %s: 99 in 100 below %llu ns", what, stats_ns(most));
    end_line(view);
    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++) {
        if (counts[i] == 0)
            continue;
        printf("    %12llu ns to %12llu ns %9u", stats_ns(1ull << i), stats_ns(2ull << i),
               counts[i]);
        end_line(view);
    }
}

static void print_classes(const struct reading *before, const struct reading *now,
                          const struct view *view)
{
    struct slot_growth g;

    print_heading(view);
    for (uint32_t slot = 0; slot < lockstat()->nslots; slot++) {
        const char *name = lockstat()->name[slot];

        if (view->slot != ALL_SLOTS && view->slot != slot)
            continue;
        for (uint32_t cpu = 0; cpu < lockstat()->ncpus && view->per_cpu; cpu++) {
            stats_slot(before, now, cpu, slot, &g);
            print_slot(&g, name, cpu, view);
        }
        stats_slot(before, now, ALL_CPUS, slot, &g);
        print_slot(&g, name, ALL_CPUS, view);
        if (view->histograms) {
            print_buckets("waited", g.wait, view);
            print_buckets("held", g.hold, view);
        }
    }
}

static void print_sites(const struct reading *before, const struct reading *now,
                        const struct view *view)
{
    static struct site_growth sites[STATS_SITES];
    uint32_t count = stats_sites(before, now, view->slot, sites);
    uint32_t lost = stats_sites_lost(before, now);

    if (count == 0 || view->sites == 0)
        return;
    end_line(view);
    printf("%-32s%-10s %8s %8s %9s %9s", "TAKEN AT", "CLASS", is_full() ? "TAKEN" : "", "WAITED",
           "WAIT us", is_full() ? "HELD us" : "");
    end_line(view);
    for (uint32_t i = 0; i < count && i < view->sites; i++) {
        const struct site_growth *s = &sites[i];

        printf("%-32s%-10s", s->name, lockstat()->name[s->slot]);
        if (is_full())
            printf(" %8u %8u %9llu %9llu", s->acquisitions, s->contended,
                   stats_ns(s->wait_ticks) / 1000, stats_ns(s->hold_ticks) / 1000);
        else
            printf(" %8s %8u %9llu", "", s->contended, stats_ns(s->wait_ticks) / 1000);
        end_line(view);
    }
    if (lost != 0) {
        printf("(%u more at places that the kernel's table has no room for)", lost);
        end_line(view);
    }
}

static void print_sections(const struct reading *before, const struct reading *now,
                           const struct view *view)
{
    end_line(view);
    printf("%-20s %9s  %s", "KERNEL, ENTRY TO EXIT", "TIMES", "LONGEST SINCE BOOT, ns");
    end_line(view);
    for (uint32_t kind = 0; kind < LOCKSTAT_SECTIONS; kind++) {
        struct section_growth g = stats_section(before, now, kind);

        if (g.count == 0 || stats_section_name(kind) == NULL)
            continue;
        printf("%-20s %10u  %22llu", stats_section_name(kind), g.count, stats_ns(g.longest));
        end_line(view);
    }
}

void print_tables(const struct reading *before, const struct reading *now, const struct view *view)
{
    uint64_t us = stats_ns(now->at - before->at) / 1000;

    printf("%llu.%03llu s, %u CPUs, locks: %s, %s, statistics: %s", us / 1000000, us / 1000 % 1000,
           lockstat()->ncpus, sysinfo()->granularity, sysinfo()->algorithm,
           is_full() ? "full" : "contended");
    end_line(view);
    print_classes(before, now, view);
    print_sites(before, now, view);
    if (is_full() && view->slot == ALL_SLOTS)
        print_sections(before, now, view);
}
