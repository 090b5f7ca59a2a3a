/* TLB shootdown: when it returns, no CPU uses the old entry any more; with CPUs that halt and are not woken for it, and
 * CPUs that wait for a lock which the initiator holds.
 *
 * kernel/mm/shootdown.c: shootdown, shootdown_may_wait_for_wakeup, shootdown_wait, shootdown_answer,
 * shootdown_catch_up, lock_relax; kernel/sched/sched.c: sched_idle; sched.h: sched_end_idle; kernel/env.c:
 * env_run (and kernel/ipc/fastpath.c: fast_run, in the same way).
 *
 * Two CPUs do the same: they run user code in the space (or not), switch to and from it, take the space's lock, halt,
 * and unmap one page each (or CPU 0 both), from inside the space or from outside. Memory is x86's (tso.inc). Whatever
 * is mapped may come into the TLB at any moment while the space is loaded, in the kernel and in halt, too (`walker`).
 *
 * Left out: the numbers of pages, and other spaces. The space is one whose cr3 word is 1; 0 is any other.
 *
 * @holds pages
 * @holds pages_of_one_initiator -DONE_UNMAPS_BOTH
 * @holds tables_without_the_window -DTABLES -DSWITCH_AT_ONCE
 * @refutes no_fence_after_the_entries -DBROKEN_NO_FENCE : stale
 * @refutes loaded_before_published -DBROKEN_LOADED_FIRST : stale
 * @refutes lock_spins_without_answering -DBROKEN_DEAF_SPIN : stuck
 * @refutes wait_spins_without_answering -DBROKEN_DEAF_WAIT -DNO_LOCK : stuck
 * @refutes catch_up_before_the_bit_is_clear -DBROKEN_CATCH_UP_FIRST : stale
 * @refutes bit_seen_before_the_request -DBROKEN_BIT_FIRST : stale
 * @refutes answer_before_the_flush -DBROKEN_ANSWER_FIRST -DTABLES -DSWITCH_AT_ONCE : stale
 * @refutes request_read_after_the_flush -DBROKEN_REQUEST_READ_LATE -DONE_UNMAPS_BOTH : stale
 *
 * Known, and in docs/caveats.md: the instruction between the cr3 word and cr3.
 * @refutes known_window_of_tables -DTABLES : stale
 */
#define CPUS 2
#define SB   6

#define LOCK      0
#define IDLE      1 /* cpu_idle_mask */
#define PTE(p)    (2 + (p)) /* 0: mapped, 1: gone */
#define CR3(c)    (4 + (c))
#define WANTED(c) (6 + (c))
#define DONE(c)   (8 + (c))
#define IRQ(c)    (10 + (c)) /* VECTOR_TLB is pending */
#define VARIABLES 12

#include "tso.inc"

/* Which pages a CPU unmaps. */
#ifdef ONE_UNMAPS_BOTH
#define FIRST(c) ((c) * 2)
#define END(c)   2
#else
#define FIRST(c) (c)
#define END(c)   ((c) + 1)
#endif

bool loaded[2]; /* CR3 itself */
bool tlb[4];    /* CPU * 2 + page: it has the entry */
bool gone[2];   /* shootdown has returned, and the frame is another's */
bool stale, stuck;

#define BIT(c) (1 << (c))

inline flush(c) /* serialises */
{
    d_step { DRAINED(c) -> tlb[(c) * 2] = false; tlb[(c) * 2 + 1] = false }
}

inline answer(c) /* shootdown_answer */
{
#ifdef BROKEN_REQUEST_READ_LATE
    flush(c);
    wanted = LOAD(c, WANTED(c));
#else
    wanted = LOAD(c, WANTED(c));
#ifdef BROKEN_ANSWER_FIRST
    store(c, DONE(c), wanted);
#endif
    flush(c);
#endif
#ifndef BROKEN_ANSWER_FIRST
    store(c, DONE(c), wanted);
#endif
    wanted = 0
}

#define IS_ASKED(c) (LOAD(c, WANTED(c)) != LOAD(c, DONE(c)))

proctype cpu(byte me)
{
    byte wanted, asked, page = FIRST(me);
    bool other;

user:
    atomic {
        stale = loaded[me] && ((tlb[me * 2] && gone[0]) || (tlb[me * 2 + 1] && gone[1]));
        assert(!stale)
    }
    if
    :: atomic { mem[IRQ(me)] -> mem[IRQ(me)] = 0 }
        answer(me);
        goto user
    :: goto switch
    :: goto idle
    :: page < END(me) -> goto unmap
#ifndef NO_LOCK
    :: goto locked
#endif
    :: page == END(me) -> goto ended
    fi;

switch: /* env_run of an env in the space, or in another */
#ifdef SWITCH_AT_ONCE
    atomic {
        DRAINED(me) -> mem[CR3(me)] = !mem[CR3(me)];
        loaded[me] = !loaded[me];
        flush(me)
    }
#else
#ifndef BROKEN_LOADED_FIRST
    other = !LOAD(me, CR3(me));
    store(me, CR3(me), other);
#endif
    atomic {
        DRAINED(me) -> loaded[me] = !loaded[me];
        flush(me)
    }
#ifdef BROKEN_LOADED_FIRST
    other = !LOAD(me, CR3(me));
    store(me, CR3(me), other);
#endif
#endif
    other = false;
    goto user;

idle: /* sched_idle */
    atomic { DRAINED(me) -> mem[IDLE] = mem[IDLE] | BIT(me) }
    if /* halt */
    :: atomic { mem[IRQ(me)] -> mem[IRQ(me)] = 0 }
        answer(me)
    :: true /* any other interrupt */
    fi;
#ifdef BROKEN_CATCH_UP_FIRST
    if
    :: IS_ASKED(me) -> answer(me)
    :: else
    fi;
#endif
    atomic { DRAINED(me) -> mem[IDLE] = mem[IDLE] & ~BIT(me) }
#ifndef BROKEN_CATCH_UP_FIRST
    if /* shootdown_catch_up */
    :: IS_ASKED(me) -> answer(me)
    :: else
    fi;
#endif
    goto user;

locked: /* any call that takes the space's lock */
    if
    :: atomic { DRAINED(me) && mem[LOCK] == 0 -> mem[LOCK] = 1 }
#ifndef BROKEN_DEAF_SPIN
    :: IS_ASKED(me) -> answer(me); goto locked /* lock_relax */
#endif
    fi;
    store(me, LOCK, 0);
    goto user;

unmap:
#ifndef NO_LOCK
    if
    :: atomic { DRAINED(me) && mem[LOCK] == 0 -> mem[LOCK] = 1 }
#ifndef BROKEN_DEAF_SPIN
    :: IS_ASKED(me) -> answer(me); goto unmap
#endif
    fi;
#endif
    store(me, PTE(page), 1);
    if /* shootdown_local */
    :: LOAD(me, CR3(me)) -> flush(me)
    :: else
    fi;
#ifndef BROKEN_NO_FENCE
    DRAINED(me);
#endif
    if
    :: LOAD(me, CR3(1 - me)) ->
#ifdef BROKEN_BIT_FIRST
        asked = !(LOAD(me, IDLE) & BIT(1 - me));
#endif
        atomic { DRAINED(me) -> mem[WANTED(1 - me)] = mem[WANTED(1 - me)] + 1; wanted = mem[WANTED(1 - me)] }
#ifndef BROKEN_BIT_FIRST
#ifdef TABLES
        asked = true;
#else
        asked = !(LOAD(me, IDLE) & BIT(1 - me)); /* shootdown_may_wait_for_wakeup */
#endif
#endif
        if
        :: asked -> store(me, IRQ(1 - me), 1); asked = wanted; wanted = 0; goto wait
        :: else -> wanted = 0
        fi
    :: else
    fi;
    goto returned;
wait: /* shootdown_wait */
    if
    :: LOAD(me, DONE(1 - me)) >= asked
#ifndef BROKEN_DEAF_WAIT
    :: IS_ASKED(me) -> answer(me); goto wait
#endif
    fi;
returned:
    asked = 0;
    d_step {
        gone[page] = true;
#ifdef TABLES
        stale = tlb[page] || tlb[2 + page];
        assert(!stale);
#endif
        page++
    }
#ifndef NO_LOCK
    store(me, LOCK, 0);
#endif
    goto user;

ended: /* it answers for ever */
end_answering:
    atomic { mem[IRQ(me)] -> mem[IRQ(me)] = 0 }
    answer(me);
    goto ended
}

active proctype walker()
{
end:
    do
    :: d_step { loaded[0] && !mem[PTE(0)] && !tlb[0] -> tlb[0] = true }
    :: d_step { loaded[0] && !mem[PTE(1)] && !tlb[1] -> tlb[1] = true }
    :: d_step { loaded[1] && !mem[PTE(0)] && !tlb[2] -> tlb[2] = true }
    :: d_step { loaded[1] && !mem[PTE(1)] && !tlb[3] -> tlb[3] = true }
    od
}

/* A third CPU posts: whoever is halted counts as idle no more, and is interrupted. */
active proctype poster()
{
end:
    do
    :: d_step { mem[IDLE] & BIT(0) -> mem[IDLE] = mem[IDLE] & ~BIT(0) }
    :: d_step { mem[IDLE] & BIT(1) -> mem[IDLE] = mem[IDLE] & ~BIT(1) }
    od
}

/* Each CPU begins inside the space. */
init
{
    atomic {
        mem[CR3(0)] = 1;
        mem[CR3(1)] = 1;
        loaded[0] = true;
        loaded[1] = true;
        run cpu(0);
        run cpu(1)
    }
}

active proctype monitor()
{
    atomic {
        timeout ->
        stuck = mem[LOCK] != 0 || !gone[0] || !gone[1];
        assert(!stuck)
    }
}
