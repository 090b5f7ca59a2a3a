/* One CPU as the kernel sees it.
 *
 * this_cpu() is a fixed address: every CPU's page directory shows its own struct there, so the
 * compiler sees a constant. That address means another CPU's struct on another CPU: pointers that
 * others will follow (inbox links, lock queue nodes) start from this_cpu()->self or cpus[i].
 */
#ifndef GRAIN_KERNEL_CPU_H
#define GRAIN_KERNEL_CPU_H

#include <stdatomic.h>
#include <stdint.h>

#include "abi/ipc.h"
#include "abi/syscalls.h"
#include "kernel/arch/x86/cpustate.h"
#include "kernel/list.h"
#include "kernel/lock/lock.h"

struct env;

#define FRAME_CACHE_SIZE 64
#define CPU_NEVER        UINT64_MAX

enum frame_zone {
    FRAME_LOW,  /* below the end of the direct map */
    FRAME_HIGH, /* above; falls back to low */
    FRAME_ZONES
};

enum frame_kind {
    FRAME_DIRTY, /* a free frame with anything in it */
    FRAME_ZEROED,
    FRAME_KINDS
};

/* Free frames kept by a CPU, so that most allocations take no lock. */
struct frame_cache {
    _Atomic uint32_t count; /* written by the owner CPU, read by others */
    uint32_t pfn[FRAME_CACHE_SIZE];
};

struct cpu {
    struct lock_cpu locks; /* first, see lockdep.h */

    /* Owner CPU only. */
    struct env *current ALIGNED(64); /* NULL: idle */
    uint32_t ready_mask;             /* bit p: ready[p] is not empty */
    struct list ready[SCHED_PRIORITIES];
    uint64_t slice_end;   /* TSC */
    uint64_t timer_armed; /* TSC when the LAPIC timer fires; CPU_NEVER: it is off */
    struct env **timers;  /* binary heap by deadline; [0] is not used */
    uint32_t timer_count;
    struct frame_cache frames[FRAME_ZONES][FRAME_KINDS];
    uint32_t pins[IPC_PAGES_MAX]; /* frames on their way between two address spaces */
    uint64_t idle_ticks;          /* halted so far, TSC */
    uint64_t charged;             /* TSC up to which CPU time is somebody's, or nobody's */

    /* Written by the owner, read by others. */
    uint32_t cr3; /* what is loaded; shootdowns go to the CPUs that have the space loaded */
    _Atomic uint32_t tlb_done;
    _Atomic uint32_t ipis; /* counters for kernel_info */
    _Atomic uint32_t shootdowns;
    _Atomic uint32_t idle_count; /* how often it became idle */

    /* Immutable after start-up. */
    uint32_t id;
    uint32_t kernel_cr3;
    struct cpu *self; /* this struct at an address that all CPUs can use */
    uint8_t lapic_id;

    /* Shared: written by any CPU. Away from the owner's lines. */
    struct lock inbox_lock ALIGNED(64);
    struct env
        *_Atomic inbox_head; /* written under inbox_lock; read without to see if it is NULL */
    struct env *inbox_tail GUARDED_BY(&inbox_lock);
    _Atomic uint32_t tlb_wanted; /* shootdown requests so far; answered when tlb_done equals it */

    struct arch_cpu arch ALIGNED(64); /* GDT, TSSs */
};

_Static_assert(__builtin_offsetof(struct cpu, locks) == 0, "lock_this_cpu() relies on it");
_Static_assert(sizeof(struct cpu) <= PERCPU_CPU_SIZE, "struct cpu fits its part of the window");

#ifdef GRAIN_HOST
extern _Thread_local struct cpu cpu_host;
#define this_cpu() (&cpu_host)
#else
#define this_cpu() ((struct cpu *)PERCPU_CPU)
#endif

extern struct cpu *cpus[GRAIN_MAX_CPUS];
extern uint32_t cpu_count;

/* Bit i: CPU i is halted, or about to be, with nothing to run. Set by its owner; cleared by
 * whoever sends it work, and by the owner. */
extern _Atomic uint32_t cpu_idle_mask;

static inline uint32_t cpu_id(void)
{
    return this_cpu()->id;
}

/* Counters that one CPU at a time writes, their owner or who has the lock, and others read. */

static inline uint32_t counter_read(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter_set(_Atomic uint32_t *counter, uint32_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline void counter_up(_Atomic uint32_t *counter)
{
    counter_set(counter, counter_read(counter) + 1);
}

#endif
