/* Lock statistics; see lockstat.h. Owner CPU only, interrupts off: nothing here is interrupted, and what
 * guards the reader is the sequence number.
 */
#include "kernel/lock/lockstat.h"

#include "abi/syscalls.h"
#include "abi/sysinfo.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/cpu.h"
#include "kernel/first.h"
#include "kernel/ksyms.h"
#include "kernel/lock/lock.h"
#include "kernel/string.h"

#if GRAIN_LOCKSTAT

#define SITE_PROBES 32u

_Static_assert(LOCK_SLOTS <= LOCKSTAT_SLOTS, "room for every class");
_Static_assert(SYS_MAX <= LOCKSTAT_SECTION_INTERRUPT, "room for every system call");
_Static_assert(sizeof(struct lockstat_state) <= PERCPU_LOCKSTAT_SIZE, "it fits the window");

static union {
    struct lockstat header;
    char bytes[PAGE_SIZE];
} lockstat_page ALIGNED(PAGE_SIZE);

static struct lockstat_state lockstat_states[GRAIN_MAX_CPUS];

void *lockstat_pages(uint32_t index)
{
    return &lockstat_states[index];
}

static void publish_cpu(uint32_t index)
{
    const char *pages = (const char *)&lockstat_states[index].shown;
    uint32_t va = LOCKSTAT_WINDOW + (1 + index * LOCKSTAT_CPU_PAGES) * PAGE_SIZE;

    for (uint32_t i = 0; i < LOCKSTAT_CPU_PAGES; i++)
        paging_publish(va + i * PAGE_SIZE, pages + i * PAGE_SIZE, false);
}

void lockstat_publish(void)
{
    struct lockstat *header = &lockstat_page.header;

    header->magic = LOCKSTAT_MAGIC;
    header->mode = GRAIN_LOCKSTAT;
    header->ncpus = cpu_count;
    header->nslots = LOCK_SLOTS;
    for (uint32_t i = 0; i < LOCK_SLOTS; i++) {
        strlcpy(header->name[i], lock_slot_name(i), LOCKSTAT_NAME);
        header->rank[i] = lock_slot_rank(i);
    }
    paging_publish(LOCKSTAT_WINDOW, lockstat_page.bytes, false);
    for (uint32_t i = 0; i < cpu_count; i++)
        publish_cpu(i);
    first_sysinfo->lockstat = GRAIN_LOCKSTAT;
}

/* Pairs of these stand around every change; the fences keep the compiler from moving a store out
 * (x86 keeps stores in order). The reader does the same in turn. */
static void begin(struct lockstat_cpu *c)
{
    WRITE_ONCE(c->seq, c->seq + 1);
    atomic_signal_fence(memory_order_seq_cst);
}

static void end(struct lockstat_cpu *c)
{
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(c->seq, c->seq + 1);
}

static uint32_t bucket(uint64_t ticks)
{
    uint32_t low = (uint32_t)ticks;

    if (ticks >> 32 != 0)
        return LOCKSTAT_BUCKETS - 1;
    return low == 0 ? 0 : 31u - (uint32_t)__builtin_clz(low);
}

static void site_init(struct lockstat_site *s, uint32_t address, uint32_t slot)
{
    char text[KSYMS_TEXT_MAX];

    s->slot = slot;
    s->address = address;
    strlcpy(s->name, ksyms_describe(address, false, text), sizeof(s->name));
}

/* The table's entry for a place that takes a lock; NULL if it is not there and has no room. */
static struct lockstat_site *site_find(struct lockstat_cpu *c, uint32_t address, uint32_t slot)
{
    uint32_t at = address >> 3 ^ address >> 9;

    for (uint32_t i = 0; i < SITE_PROBES; i++) {
        struct lockstat_site *s = &c->site[(at + i) % LOCKSTAT_SITES];

        if (s->address == address)
            return s;
        if (s->address == 0) {
            site_init(s, address, slot);
            return s;
        }
    }
    c->sites_lost++;
    return NULL;
}

void lockstat_spin(void)
{
    struct lockstat_state *me = lockstat_here();

#if GRAIN_LOCKSTAT == LOCKSTAT_CONTENDED
    if (me->spins == 0)
        me->wait_start = rdtsc();
#endif
    me->spins++;
}

static void book_wait(struct lockstat_slot *s, struct lockstat_site *site,
                      const struct lockstat_held *held)
{
    s->contended++;
    s->spins += held->spins;
    s->wait_ticks += held->waited;
    s->wait[bucket(held->waited)]++;
    if (site != NULL) {
        site->contended++;
        site->wait_ticks += held->waited;
    }
}

#endif

#if GRAIN_LOCKSTAT == LOCKSTAT_CONTENDED

REGPARM void lockstat_note_wait(uint32_t slot, const void *site)
{
    struct lockstat_state *me = lockstat_here();
    struct lockstat_held *held = &me->held[slot];

    held->waited = rdtsc() - me->wait_start;
    held->spins = me->spins;
    held->site = site;
    me->spins = 0;
}

REGPARM void lockstat_book(uint32_t slot)
{
    struct lockstat_state *me = lockstat_here();
    struct lockstat_held *held = &me->held[slot];

    begin(&me->shown);
    book_wait(&me->shown.slot[slot], site_find(&me->shown, (uint32_t)(uintptr_t)held->site, slot),
              held);
    end(&me->shown);
    held->site = NULL;
}

#elif GRAIN_LOCKSTAT == LOCKSTAT_FULL

REGPARM void lockstat_note_attempt(void)
{
    lockstat_here()->wait_start = rdtsc();
}

static void note_owner(struct lockstat_held *held, struct lock *l, uint32_t cpu)
{
    held->handover = l->last_cpu != cpu + 1 && l->last_cpu != 0;
    if (l->last_cpu != cpu + 1) {
        l->last_cpu = (uint16_t)(cpu + 1);
        l->run = 0;
    }
    if (l->run < UINT16_MAX)
        l->run++;
    held->run = l->run;
}

REGPARM void lockstat_note_acquired(uint32_t slot, struct lock *l, const void *site)
{
    struct lockstat_state *me = lockstat_here();
    struct lockstat_held *held = &me->held[slot];

    held->since = rdtsc();
    held->waited = held->since - me->wait_start;
    held->spins = me->spins;
    held->site = site;
    me->spins = 0;
    note_owner(held, l, lock_this_cpu()->index);
}

REGPARM void lockstat_book(uint32_t slot)
{
    struct lockstat_state *me = lockstat_here();
    struct lockstat_slot *s = &me->shown.slot[slot];
    const struct lockstat_held *held = &me->held[slot];
    uint64_t ticks = held->until - held->since;
    struct lockstat_site *site;

    begin(&me->shown);
    site = site_find(&me->shown, (uint32_t)(uintptr_t)held->site, slot);
    s->acquisitions++;
    s->handovers += held->handover;
    if (held->run > s->longest_run)
        s->longest_run = held->run;
    s->hold_ticks += ticks;
    s->hold[bucket(ticks)]++;
    if (site != NULL) {
        site->acquisitions++;
        site->hold_ticks += ticks;
    }
    if (held->spins != 0)
        book_wait(s, site, held);
    end(&me->shown);
}

REGPARM void lockstat_enter(void)
{
    struct lockstat_state *me = lockstat_here();

    me->section = LOCKSTAT_SECTION_INTERRUPT;
    me->section_start = rdtsc();
}

REGPARM void lockstat_exit(void)
{
    struct lockstat_state *me = lockstat_here();
    struct lockstat_section *s = &me->shown.section[me->section];
    uint64_t ticks = rdtsc() - me->section_start;

    begin(&me->shown);
    s->count++;
    if (ticks > s->longest)
        s->longest = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
    end(&me->shown);
}

#endif
