/* The same as JSON, for programs; see print.h. Times in ns, histograms by power of two of TSC ticks. */
#include <stdio.h>

#include "apps/lockstat/print.h"

static void print_string(const char *text)
{
    putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned int)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void print_buckets(const char *name, const uint32_t counts[LOCKSTAT_BUCKETS])
{
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++)
        printf("%s%u", i == 0 ? "" : ",", counts[i]);
    putchar(']');
}

static void print_growth(const struct slot_growth *g)
{
    printf("\"acquisitions\":%u,\"contended\":%u,\"handovers\":%u,\"longest_run\":%u,"
           "\"spins\":%llu,\"wait_ns\":%llu,\"hold_ns\":%llu",
           g->acquisitions, g->contended, g->handovers, g->longest_run, g->spins,
           stats_ns(g->wait_ticks), stats_ns(g->hold_ticks));
    print_buckets("wait", g->wait);
    print_buckets("hold", g->hold);
}

static void print_class(const struct reading *before, const struct reading *now, uint32_t slot)
{
    struct slot_growth g;

    printf("{\"name\":\"%s\",\"rank\":%u,", lockstat()->name[slot], lockstat()->rank[slot]);
    stats_slot(before, now, ALL_CPUS, slot, &g);
    print_growth(&g);
    printf(",\"cpus\":[");
    for (uint32_t cpu = 0; cpu < lockstat()->ncpus; cpu++) {
        stats_slot(before, now, cpu, slot, &g);
        printf(cpu == 0 ? "{" : ",{");
        print_growth(&g);
        putchar('}');
    }
    printf("]}");
}

static void print_sites(const struct reading *before, const struct reading *now,
                        const struct view *view)
{
    static struct site_growth sites[STATS_SITES];
    uint32_t count = stats_sites(before, now, view->slot, sites);

    printf("],\"sites_lost\":%u,\"sites\":[", stats_sites_lost(before, now));
    for (uint32_t i = 0; i < count; i++) {
        const struct site_growth *s = &sites[i];

        printf("%s{\"at\":\"%s\",\"class\":\"%s\",\"acquisitions\":%u,\"contended\":%u,"
               "\"wait_ns\":%llu,\"hold_ns\":%llu}",
               i == 0 ? "" : ",", s->name, lockstat()->name[s->slot], s->acquisitions, s->contended,
               stats_ns(s->wait_ticks), stats_ns(s->hold_ticks));
    }
}

static void print_sections(const struct reading *before, const struct reading *now)
{
    const char *comma = "";

    printf("],\"sections\":[");
    for (uint32_t kind = 0; kind < LOCKSTAT_SECTIONS; kind++) {
        struct section_growth g = stats_section(before, now, kind);

        if (g.count == 0 || stats_section_name(kind) == NULL)
            continue;
        printf("%s{\"name\":\"%s\",\"count\":%u,\"longest_since_boot_ns\":%llu}", comma,
               stats_section_name(kind), g.count, stats_ns(g.longest));
        comma = ",";
    }
}

void print_json(const struct reading *before, const struct reading *now, const struct view *view,
                char *const command[], int status)
{
    const char *comma = "";

    printf("{\"command\":[");
    for (int i = 0; command[i] != NULL; i++) {
        printf("%s", i == 0 ? "" : ",");
        print_string(command[i]);
    }
    printf("],\"status\":%d,\"elapsed_ns\":%llu,\"granularity\":\"%s\",\"algorithm\":\"%s\","
           "\"mode\":\"%s\",\"tsc_khz\":%u,\"classes\":[",
           status, stats_ns(now->at - before->at), sysinfo()->granularity, sysinfo()->algorithm,
           lockstat()->mode == LOCKSTAT_FULL ? "full" : "contended", sysinfo()->tsc_khz);
    for (uint32_t slot = 0; slot < lockstat()->nslots; slot++) {
        if (view->slot != ALL_SLOTS && view->slot != slot)
            continue;
        printf("%s", comma);
        print_class(before, now, slot);
        comma = ",";
    }
    print_sites(before, now, view);
    print_sections(before, now);
    printf("]}\n");
}
