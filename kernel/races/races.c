/* The race detector's run-time, see races.h. This file is compiled without the calls. */
#include "kernel/races/races.h"

#include <stdatomic.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/compiler.h"
#include "kernel/cpu.h"
#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/rawspin.h"

#define CALLERS       6
#define WAIT_TURNS    1024u /* of cpu_relax, at most: */
#define WAIT_US       200u /* where CPUs take turns on one host thread, one of them may last long */
#define REPORTS_MAX   64u
#define SAMPLE_MAX    8u /* bytes of a value that are compared */
#define ACCESS_WRITES 1u
#define ACCESS_MARKED 2u /* volatile: races with others of its kind are meant */

struct access {
    uint32_t start; /* an address that is the same on all CPUs */
    uint32_t len;
    uint32_t kind; /* ACCESS_* */
    uint32_t cpu;
    uint32_t site; /* return address of the compiler's call */
    uint32_t callers[CALLERS];
};

/* One a CPU: while it waits it makes no other access. */
struct watchpoint {
    struct rawspin lock;
    _Atomic uint32_t start; /* written under lock; 0: not in use. Read without, as a hint */
    _Atomic uint32_t len;   /* likewise */

    /* Guarded by lock. */
    struct access mine;
    struct access other;
    bool is_hit;
} ALIGNED(64);

struct races_cpu {
    bool inside;    /* of this file, which calls instrumented code to report */
    uint32_t skip;  /* accesses until the next that is watched */
    uint32_t state; /* of its random numbers, not 0 */
} ALIGNED(64);

extern const char kernel_data_start[];
extern const char kernel_data_end[];

static struct watchpoint watchpoints[GRAIN_MAX_CPUS];
static _Atomic uint32_t watching; /* bit i: watchpoint i is in use. A hint */
static struct races_cpu races_cpus[GRAIN_MAX_CPUS];
static atomic_bool running;

/* Before others run. */
static uint32_t watch_every = RACES_DEFAULT_EVERY;
static bool reports_only;

/* Pairs of sites that have been reported. */
static struct rawspin reported_lock;
static uint32_t reported[REPORTS_MAX][2];
static uint32_t reported_count;

void races_set(uint32_t every, bool go_on)
{
    watch_every = every;
    reports_only = go_on;
}

static uint32_t random_number(struct races_cpu *me)
{
    me->state ^= me->state << 13;
    me->state ^= me->state >> 17;
    me->state ^= me->state << 5;
    return me->state;
}

static void choose_next(struct races_cpu *me)
{
    me->skip = 1 + random_number(me) % (2 * watch_every);
}

void races_start(void)
{
    for (uint32_t i = 0; i < GRAIN_MAX_CPUS; i++) {
        races_cpus[i].state = 0x9e3779b9u * (i + 1);
        if (watch_every != 0)
            choose_next(&races_cpus[i]);
    }
    atomic_store_explicit(&running, watch_every != 0, memory_order_release);
}

void races_stop(void)
{
    atomic_store_explicit(&running, false, memory_order_relaxed);
}

/* The address by which all CPUs know what this one sees at `address`; 0 if it is this CPU's alone (its
 * stack, its windows), a device's, or user code's. */
static uint32_t shared_address(uint32_t address)
{
    if (address >= KERNEL_BASE && address < DIRECT_MAP_END)
        return address;
    if (address >= PERCPU_CPU && address < PERCPU_CPU + sizeof(struct cpu))
        return (uint32_t)(uintptr_t)this_cpu()->self + (address - PERCPU_CPU);
    return 0;
}

/* Memory that neither user code nor the processor writes: page tables and message pages are elsewhere. */
static bool is_kernels_alone(uint32_t start)
{
    uint32_t own = (uint32_t)(uintptr_t)this_cpu()->self;

    return (start >= (uint32_t)(uintptr_t)kernel_data_start &&
            start < (uint32_t)(uintptr_t)kernel_data_end) ||
           (start >= own && start < own + sizeof(struct cpu));
}

static void collect_callers(uint32_t ebp, uint32_t callers[CALLERS])
{
    uint32_t i = 0;

    while (i < CALLERS && ebp >= KSTACK_BASE && ebp <= KSTACK_TOP - 8 && ebp % 4 == 0) {
        const uint32_t *frame = (const uint32_t *)(uintptr_t)ebp;

        callers[i++] = frame[1];
        if (frame[0] <= ebp)
            break;
        ebp = frame[0];
    }
    while (i < CALLERS)
        callers[i++] = 0;
}

static const char *kind_text(const struct access *access)
{
    static const char *const texts[] = {"reads", "writes", "reads, marked,", "writes, marked,"};

    return texts[access->kind];
}

static void print_access(const struct access *access)
{
    char text[KSYMS_TEXT_MAX];

    log_plain("  cpu%u %s %u bytes at %08x in %s", access->cpu, kind_text(access), access->len,
              access->start, ksyms_describe(access->site, true, text));
    for (uint32_t i = 0; i < CALLERS && access->callers[i] != 0; i++)
        log_plain("    from %s", ksyms_describe(access->callers[i], true, text));
}

/* False: it has been reported already, or too much has. */
static bool is_new(uint32_t one, uint32_t two)
{
    bool found = false;

    rawspin_lock(&reported_lock);
    for (uint32_t i = 0; i < reported_count; i++) {
        found |= (reported[i][0] == one && reported[i][1] == two) ||
                 (reported[i][0] == two && reported[i][1] == one);
    }
    found |= reported_count == REPORTS_MAX;
    if (!found) {
        reported[reported_count][0] = one;
        reported[reported_count][1] = two;
        reported_count++;
    }
    rawspin_unlock(&reported_lock);
    return !found;
}

/* other: NULL if nobody came, but the value has changed. */
static void report(const struct access *mine, const struct access *other, uint64_t before,
                   uint64_t after)
{
    char here[KSYMS_TEXT_MAX];
    char there[KSYMS_TEXT_MAX] = "an access without a call";

    if (!is_new(mine->site, other == NULL ? 0 : other->site))
        return;
    ksyms_describe(mine->site, true, here);
    if (other != NULL)
        ksyms_describe(other->site, true, there);
    log_plain("race: %s and %s, 0x%llx before, 0x%llx after", here, there,
              (unsigned long long)before, (unsigned long long)after);
    print_access(mine);
    if (other != NULL)
        print_access(other);
    if (!reports_only)
        panic("race: %s and %s", here, there);
}

static uint64_t read_value(const volatile void *p, uint32_t len)
{
    switch (len) {
    case 1:
        return *(const volatile uint8_t *)p;
    case 2:
    case 3:
        return *(const volatile uint16_t *)p;
    case 4:
    case 5:
    case 6:
    case 7:
        return *(const volatile uint32_t *)p;
    default:
        return *(const volatile uint32_t *)p | (uint64_t)((const volatile uint32_t *)p)[1] << 32;
    }
}

static bool overlap(const struct access *a, uint32_t start, uint32_t len)
{
    return a->start < start + len && start < a->start + a->len;
}

/* Whether another CPU waits with what this one touches now. */
static NOINLINE void meet(uint32_t set, const struct access *mine)
{
    for (; set != 0; set &= set - 1) {
        struct watchpoint *w = &watchpoints[__builtin_ctz(set)];
        uint32_t start = atomic_load_explicit(&w->start, memory_order_relaxed);
        uint32_t len = atomic_load_explicit(&w->len, memory_order_relaxed);

        if (start == 0 || !overlap(mine, start, len))
            continue;
        rawspin_lock(&w->lock);
        start = atomic_load_explicit(&w->start, memory_order_relaxed);
        if (start != 0 && !w->is_hit && overlap(mine, w->mine.start, w->mine.len) &&
            ((mine->kind | w->mine.kind) & ACCESS_WRITES) != 0 &&
            (mine->kind & w->mine.kind & ACCESS_MARKED) == 0) {
            w->other = *mine;
            w->is_hit = true;
        }
        rawspin_unlock(&w->lock);
    }
}

static NOINLINE void watch(struct races_cpu *me, const struct access *mine, const volatile void *p)
{
    struct watchpoint *w = &watchpoints[mine->cpu];
    uint32_t turns = random_number(me) % WAIT_TURNS + 1;
    uint64_t end;
    struct access other;
    uint64_t before;
    uint64_t after;
    bool is_hit;

    rawspin_lock(&w->lock);
    w->mine = *mine;
    w->is_hit = false;
    atomic_store_explicit(&w->len, mine->len, memory_order_relaxed);
    atomic_store_explicit(&w->start, mine->start, memory_order_relaxed);
    rawspin_unlock(&w->lock);
    before = read_value(p, mine->len);
    atomic_fetch_or(&watching, 1u << mine->cpu);
    end = rdtsc() + WAIT_US * tsc_khz / 1000;
    do {
        cpu_relax();
    } while (--turns != 0 && rdtsc() < end);
    atomic_fetch_and(&watching, ~(1u << mine->cpu));
    after = read_value(p, mine->len);
    rawspin_lock(&w->lock);
    atomic_store_explicit(&w->start, 0, memory_order_relaxed);
    is_hit = w->is_hit;
    other = w->other;
    rawspin_unlock(&w->lock);

    if (is_hit)
        report(mine, &other, before, after);
    else if (before != after && (mine->kind & ACCESS_MARKED) == 0 && is_kernels_alone(mine->start))
        report(mine, NULL, before, after);
}

/* Always inlined: the frame that it is called from is that of the compiler's call. */
static inline ALWAYS_INLINE void look(const volatile void *p, uint32_t len, uint32_t kind,
                                      uint32_t site, uint32_t ebp)
{
    uint32_t start;
    struct races_cpu *me;
    struct access mine;
    uint32_t others;

    if (!atomic_load_explicit(&running, memory_order_acquire))
        return;
    start = shared_address((uint32_t)(uintptr_t)p);
    if (start == 0)
        return;
    me = &races_cpus[cpu_id()];
    if (me->inside)
        return;
    others = atomic_load_explicit(&watching, memory_order_relaxed) & ~(1u << cpu_id());
    if (likely(others == 0 && me->skip != 0)) {
        me->skip--;
        return;
    }
    me->inside = true;
    mine = (struct access){.start = start, .len = len, .kind = kind, .cpu = cpu_id(), .site = site};
    collect_callers(ebp, mine.callers);
    if (others != 0)
        meet(others, &mine);
    if (me->skip == 0) {
        watch(me, &mine, p);
        choose_next(me);
    } else {
        me->skip--;
    }
    me->inside = false;
}

void races_touch(const void *start, size_t len, bool writes)
{
    if (len != 0)
        look(start, len, writes ? ACCESS_WRITES : 0,
             (uint32_t)(uintptr_t)__builtin_return_address(0),
             *(const uint32_t *)__builtin_frame_address(0));
}

/* The compiler's calls. They pass their argument on the stack, whatever the kernel's own functions do. */
#define CALL(name, len, kind)                                                    \
    __attribute__((regparm(0))) void name(const volatile void *p);               \
    __attribute__((regparm(0))) void name(const volatile void *p)                \
    {                                                                            \
        look(p, (len), (kind), (uint32_t)(uintptr_t)__builtin_return_address(0), \
             *(const uint32_t *)__builtin_frame_address(0));                     \
    }

#define CALLS(len)                                                       \
    CALL(__tsan_read##len, len, 0)                                       \
    CALL(__tsan_write##len, len, ACCESS_WRITES)                          \
    CALL(__tsan_unaligned_read##len, len, 0)                             \
    CALL(__tsan_unaligned_write##len, len, ACCESS_WRITES)                \
    CALL(__tsan_volatile_read##len, len, ACCESS_MARKED)                  \
    CALL(__tsan_volatile_write##len, len, ACCESS_WRITES | ACCESS_MARKED) \
    CALL(__tsan_unaligned_volatile_read##len, len, ACCESS_MARKED)        \
    CALL(__tsan_unaligned_volatile_write##len, len, ACCESS_WRITES | ACCESS_MARKED)

CALLS(1)
CALLS(2)
CALLS(4)
CALLS(8)

/* For a file's constructor, which nothing calls: the linker script drops the list of them. */
__attribute__((regparm(0))) void __tsan_init(void);
__attribute__((regparm(0))) void __tsan_init(void)
{
}
