/* Lock statistics as the kernel writes them; what they are, and how user space reads them, is in
 * abi/lockstat.h. Build option -Dlockstat: without it there is no code and no data.
 *
 * No locks: each CPU writes its own, which it finds at PERCPU_LOCKSTAT as it does struct cpu.
 *
 * While a lock is held no more is done than to read the clock and to note who had the lock before; all is booked when
 * it has been let go. Else who waits would wait for the statistics. What is booked while another lock is held
 * (that of an outer class) still counts as time that that one is held.
 */
#ifndef GRAIN_LOCK_LOCKSTAT_H
#define GRAIN_LOCK_LOCKSTAT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/lockstat.h"
#include "kernel/compiler.h"
#include "kernel/lock/classes.h"

struct lock;

#if GRAIN_LOCKSTAT
/* What a CPU shows, and behind that what it remembers meanwhile. */
struct lockstat_state {
    /* Written by the owner CPU, read by user space. */
    struct lockstat_cpu shown ALIGNED(PAGE_SIZE);

    /* Owner CPU only. TSC ticks. */
    uint32_t spins ALIGNED(PAGE_SIZE); /* turns of the wait it is in; else 0 */
    uint32_t section;                  /* kind of the way through the kernel that it is on */
    uint64_t wait_start;
    uint64_t section_start;
    struct lockstat_held {
        const void *site; /* where the slot's lock was taken; contended: NULL, nothing to book */
        uint32_t spins;   /* turns of waiting for it */
        uint32_t run;     /* full: how often in a row */
        bool handover;    /* full: from another CPU */
        uint64_t waited;
        uint64_t since; /* full */
        uint64_t until; /* full */
    } held[LOCK_SLOTS];
};

#include "kernel/arch/x86/memlayout.h"
#include "kernel/arch/x86/tsc.h"
#define lockstat_here() ((struct lockstat_state *)PERCPU_LOCKSTAT)

/* Start-up: the pages of CPU `index`, PERCPU_LOCKSTAT_SIZE bytes in the direct map. */
void *lockstat_pages(uint32_t index);
/* Start-up, when cpu_count is final: shows the statistics of all CPUs to user space. */
void lockstat_publish(void);

/* A turn of waiting is over. */
void lockstat_spin(void);
#else
static inline void lockstat_publish(void)
{
}

static inline void lockstat_spin(void)
{
}
#endif

#if GRAIN_LOCKSTAT == LOCKSTAT_CONTENDED
REGPARM void lockstat_note_wait(uint32_t slot, const void *site);
REGPARM void lockstat_book(uint32_t slot);
#endif

#if GRAIN_LOCKSTAT == LOCKSTAT_FULL
REGPARM void lockstat_note_attempt(void);
REGPARM void lockstat_note_acquired(uint32_t slot, struct lock *l, const void *site);
REGPARM void lockstat_book(uint32_t slot);
REGPARM void lockstat_enter(void);
REGPARM void lockstat_exit(void);

static inline void lockstat_attempt(uint32_t slot)
{
    (void)slot;
    lockstat_note_attempt();
}

static inline void lockstat_acquired(uint32_t slot, struct lock *l, const void *site)
{
    lockstat_note_acquired(slot, l, site);
}

static inline void lockstat_release(uint32_t slot)
{
    lockstat_here()->held[slot].until = rdtsc();
}

static inline void lockstat_released(uint32_t slot)
{
    lockstat_book(slot);
}

/* What the way through the kernel is that began last: a system call's number as user code gave it, or
 * LOCKSTAT_SECTION_*. */
static inline void lockstat_section(uint32_t kind)
{
    lockstat_here()->section = kind < LOCKSTAT_SECTIONS ? kind : LOCKSTAT_SECTION_EXCEPTION;
}
#else
static inline void lockstat_enter(void)
{
}

static inline void lockstat_exit(void)
{
}

static inline void lockstat_section(uint32_t kind)
{
    (void)kind;
}

static inline void lockstat_attempt(uint32_t slot)
{
    (void)slot;
}

static inline ALWAYS_INLINE void lockstat_acquired(uint32_t slot, struct lock *l, const void *site)
{
    (void)slot;
    (void)l;
    (void)site;
#if GRAIN_LOCKSTAT
    lockstat_here()->shown.slot[slot].acquisitions++;
    if (unlikely(lockstat_here()->spins != 0))
        lockstat_note_wait(slot, site);
#endif
}

static inline void lockstat_release(uint32_t slot)
{
    (void)slot;
}

static inline ALWAYS_INLINE void lockstat_released(uint32_t slot)
{
    (void)slot;
#if GRAIN_LOCKSTAT
    if (unlikely(lockstat_here()->held[slot].site != NULL))
        lockstat_book(slot);
#endif
}
#endif

#endif
