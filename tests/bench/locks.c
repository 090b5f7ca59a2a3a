/* Lock statistics of a workload, see locks.h. */
#include "tests/bench/locks.h"

#include <string.h>

#include "abi/syscalls.h"
#include "grain/lockstat.h"
#include "grain/time.h"
#include "tests/bench/emit.h"

static struct lockstat_slot before[LOCKSTAT_SLOTS];
static struct lockstat_slot after[LOCKSTAT_SLOTS];
static uint64_t began;

/* One CPU's counters added to the sum over all. */
static void add_slot(struct lockstat_slot *sum, const struct lockstat_slot *one)
{
    sum->acquisitions += one->acquisitions;
    sum->contended += one->contended;
    sum->handovers += one->handovers;
    if (one->longest_run > sum->longest_run)
        sum->longest_run = one->longest_run;
    sum->spins += one->spins;
    sum->wait_ticks += one->wait_ticks;
    sum->hold_ticks += one->hold_ticks;
    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++) {
        sum->wait[i] += one->wait[i];
        sum->hold[i] += one->hold[i];
    }
}

static void read_all(struct lockstat_slot sums[LOCKSTAT_SLOTS])
{
    static struct lockstat_cpu copy;

    memset(sums, 0, LOCKSTAT_SLOTS * sizeof(sums[0]));
    for (uint32_t cpu = 0; cpu < lockstat()->ncpus; cpu++) {
        lockstat_read(cpu, &copy);
        for (uint32_t slot = 0; slot < lockstat()->nslots; slot++)
            add_slot(&sums[slot], &copy.slot[slot]);
    }
}

void locks_begin(void)
{
    if (lockstat() == NULL)
        return;
    read_all(before);
    began = time_ticks();
}

static void emit_buckets(const char *key, const uint32_t *now, const uint32_t *then)
{
    uint64_t counts[LOCKSTAT_BUCKETS];

    for (uint32_t i = 0; i < LOCKSTAT_BUCKETS; i++)
        counts[i] = now[i] - then[i];
    emit_list(key, counts, LOCKSTAT_BUCKETS);
}

static void report_slot(const char *bench, uint32_t slot, uint64_t span)
{
    const struct lockstat_slot *now = &after[slot];
    const struct lockstat_slot *then = &before[slot];

    if (now->acquisitions == then->acquisitions)
        return;
    emit_begin();
    emit_text("bench", "locks");
    emit_text("of", bench);
    emit_text("class", lockstat()->name[slot]);
    emit_number("cpus", lockstat()->ncpus);
    emit_number("span", span);
    emit_number("acquisitions", now->acquisitions - then->acquisitions);
    emit_number("contended", now->contended - then->contended);
    emit_number("handovers", now->handovers - then->handovers);
    emit_number("longest_run", now->longest_run);
    emit_number("wait_ticks", now->wait_ticks - then->wait_ticks);
    emit_number("hold_ticks", now->hold_ticks - then->hold_ticks);
    emit_buckets("wait", now->wait, then->wait);
    emit_buckets("hold", now->hold, then->hold);
    emit_end();
}

void locks_report(const char *bench)
{
    if (lockstat() == NULL)
        return;
    uint64_t span = time_ticks() - began;

    read_all(after);
    for (uint32_t slot = 0; slot < lockstat()->nslots; slot++)
        report_slot(bench, slot, span);
}

/* ---- Ways through the kernel. ---- */

static const char *section_name(uint32_t section)
{
    static const char *const names[LOCKSTAT_SECTIONS] = {
#define X(number, name, args, text) [number] = #name,
        GRAIN_SYSCALL_LIST(X)
#undef X
            [LOCKSTAT_SECTION_INTERRUPT] = "interrupt",
        [LOCKSTAT_SECTION_EXCEPTION] = "exception",
    };

    return names[section] != NULL ? names[section] : "no system call";
}

void locks_report_sections(void)
{
    static struct lockstat_section sums[LOCKSTAT_SECTIONS];
    static struct lockstat_cpu copy;

    if (lockstat() == NULL || lockstat()->mode != LOCKSTAT_FULL)
        return;
    for (uint32_t cpu = 0; cpu < lockstat()->ncpus; cpu++) {
        lockstat_read(cpu, &copy);
        for (uint32_t i = 0; i < LOCKSTAT_SECTIONS; i++) {
            sums[i].count += copy.section[i].count;
            if (copy.section[i].longest > sums[i].longest)
                sums[i].longest = copy.section[i].longest;
        }
    }
    for (uint32_t i = 0; i < LOCKSTAT_SECTIONS; i++) {
        if (sums[i].count == 0)
            continue;
        emit_begin();
        emit_text("bench", "section");
        emit_text("way", section_name(i));
        emit_number("count", sums[i].count);
        emit_number("longest", sums[i].longest);
        emit_end();
    }
}
