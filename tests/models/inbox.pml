/* The inbox of one CPU, its interrupt, and halt: no env that was posted is left while the CPU sleeps.
 *
 * kernel/sched/sched.c: inbox_post, inbox_take_all, sched_take_inbox, sched_look, sched_loop, sched_idle,
 * sched_halt; kernel/sched/sched.h: sched_end_idle;
 * kernel/arch/x86/lapic.c: lapic_send_ipi; kernel/arch/x86/trap.c: trap_interrupt.
 * CPU 0 takes. CPU 1 posts any of two envs, POSTS times; CPU 2 the same, once less. Memory is x86's (tso.inc).
 *
 * Left out: what the envs do (WORK says "something about it changed"; to look at it is to make it ready), which queue
 * they go to, and where their home is. The lock is a word; ticket, TAS and so on are the business of the lock tests.
 *
 * @holds three_posts
 * @holds one_env_five_posts -DPOSTS=3 -DENVS=1
 * @holds without_the_look_before_halt -DNO_LOOK_BEFORE_HALT
 * @refutes look_before_clear -DBROKEN_LOOK_BEFORE_CLEAR : left_behind
 * @refutes clear_without_lock_prefix -DBROKEN_PLAIN_CLEAR : left_behind
 * @refutes next_after_clear -DBROKEN_NEXT_AFTER_CLEAR : left_behind|corrupt
 * @refutes empty_seen_before_lock -DBROKEN_EMPTY_BEFORE_LOCK : left_behind|corrupt
 * @refutes interrupt_before_inbox -DBROKEN_INTERRUPT_FIRST : left_behind
 * @refutes interrupt_overtakes_stores -DBROKEN_OVERTAKING_INTERRUPT : left_behind
 * @refutes owed_after_interrupt -DBROKEN_OWED_AFTER_INTERRUPT : forgotten
 * @refutes window_between_sti_and_hlt -DBROKEN_HALT_WINDOW : left_ready
 *
 * The third variant shows that sched_idle's look at the inbox saves a halt, but is not needed for safety: the
 * interrupt that comes with every first post stays pending until the halt. The refuted ones are mistakes easily made;
 * interrupt_overtakes_stores is what an x2APIC would do, whose command register is an MSR and waits for no store.
 */
#ifndef POSTS
#define POSTS 2
#endif
#ifndef ENVS
#define ENVS 2
#endif
#define CPUS 3
#define SB   6

/* Shared memory. Envs are 1 and 2; NIL ends a list. */
#define NIL       0
#define LOCK      0
#define HEAD      1
#define TAIL      2
#define IRQ       3 /* VECTOR_WAKE is pending at CPU 0 */
#define IDLE      4 /* its bit in cpu_idle_mask */
#define NEXT(e)   (4 + (e))
#define POSTED(e) (6 + (e))
#define WORK(e)   (8 + (e))
#define VARIABLES 11

#include "tso.inc"

mtype = {FROM_LOOP, FROM_USER, FROM_HALT, FROM_WINDOW};

bool ready;       /* an env is in CPU 0's ready queue */
byte busy;        /* posters that are not done */
bool left_behind; /* what the monitor finds when all stands still */
bool left_ready;
bool forgotten; /* CPU 0 sleeps and does not count as idle: nobody would give it work */
bool corrupt;   /* the list has a hole, or an env in two places */

inline acquire(c)
{
    atomic { DRAINED(c) && mem[LOCK] == 0 -> mem[LOCK] = 1 }
}

inline owe(c) /* sched_end_idle: who is posted to counts as idle no more, though it is halted still */
{
    if
    :: was_empty && LOAD(c, IDLE) -> atomic { DRAINED(c) -> mem[IDLE] = 0 }
    :: else
    fi
}

active proctype home()
{
    mtype from = FROM_LOOP;
    byte e, after;

take_inbox: /* sched_take_inbox, inbox_take_all */
    if
    :: LOAD(0, HEAD) == NIL -> goto taken
    :: else
    fi;
    acquire(0);
    e = LOAD(0, HEAD);
    store(0, HEAD, NIL);
    store(0, TAIL, NIL);
    store(0, LOCK, 0);
    do
    :: e == NIL -> break
    :: else ->
#ifdef BROKEN_LOOK_BEFORE_CLEAR
        if
        :: LOAD(0, WORK(e)) -> atomic { DRAINED(0) -> mem[WORK(e)] = 0 }; ready = true
        :: else
        fi;
#endif
#ifndef BROKEN_NEXT_AFTER_CLEAR
        after = LOAD(0, NEXT(e));
#endif
#ifdef BROKEN_PLAIN_CLEAR
        store(0, POSTED(e), 0);
#else
        atomic { DRAINED(0) -> corrupt = !mem[POSTED(e)]; mem[POSTED(e)] = 0 }
        assert(!corrupt);
#endif
#ifdef BROKEN_NEXT_AFTER_CLEAR
        after = LOAD(0, NEXT(e));
#endif
#ifndef BROKEN_LOOK_BEFORE_CLEAR
        if /* sched_look */
        :: LOAD(0, WORK(e)) -> atomic { DRAINED(0) -> mem[WORK(e)] = 0 }; ready = true
        :: else
        fi;
#endif
        atomic { e = after; after = 0 }
    od;

taken:
    if
    :: from == FROM_USER -> goto user
    :: from == FROM_HALT -> goto woken
#ifdef BROKEN_HALT_WINDOW
    :: from == FROM_WINDOW -> goto halt
#endif
    :: from == FROM_LOOP
    fi;
    if /* sched_loop: something to run? */
    :: ready -> ready = false; goto user
    :: else -> goto idle
    fi;

user: /* user code: interrupts are on, and it may enter the kernel and block at any time */
    if
    :: atomic { mem[IRQ] -> mem[IRQ] = 0; from = FROM_USER }; goto take_inbox
    :: from = FROM_LOOP; goto take_inbox
    fi;

idle: /* sched_idle */
    atomic { DRAINED(0) -> mem[IDLE] = 1 }
#ifndef NO_LOOK_BEFORE_HALT
    if
    :: LOAD(0, HEAD) != NIL -> goto woken
    :: else
    fi;
#endif
#ifdef BROKEN_HALT_WINDOW
    if /* sti, and an instruction later hlt */
    :: atomic { mem[IRQ] -> mem[IRQ] = 0; from = FROM_WINDOW }; goto take_inbox
    :: skip
    fi;
halt:
#endif
end_halt: /* sti and hlt in one */
    atomic { mem[IRQ] -> mem[IRQ] = 0; from = FROM_HALT }
    goto take_inbox;

woken:
    atomic { DRAINED(0) -> mem[IDLE] = 0; from = FROM_LOOP }
    goto take_inbox
}

proctype poster(byte me)
{
    byte posts, e, last;
    bool was_empty;

    do
    :: posts == POSTS + 1 - me -> break /* CPU 1 or 2 */
    :: else ->
        atomic {
            posts++;
            if
            :: e = 1
#if ENVS > 1
            :: e = 2
#endif
            fi
        }
        store(me, WORK(e), 1);
        if /* inbox_post: the exchange of `posted` */
        :: atomic { DRAINED(me) && mem[POSTED(e)] }; goto posted
        :: atomic { DRAINED(me) && !mem[POSTED(e)] -> mem[POSTED(e)] = 1 }
        fi;
#ifdef BROKEN_EMPTY_BEFORE_LOCK
        was_empty = LOAD(me, HEAD) == NIL;
        acquire(me);
#else
        acquire(me);
        was_empty = LOAD(me, HEAD) == NIL;
#endif
#ifdef BROKEN_INTERRUPT_FIRST
        if
        :: was_empty -> store(me, IRQ, 1)
        :: else
        fi;
#endif
        store(me, NEXT(e), NIL);
        if
        :: was_empty -> store(me, HEAD, e)
        :: else ->
            last = LOAD(me, TAIL);
            corrupt = last == NIL;
            assert(!corrupt);
            store(me, NEXT(last), e)
        fi;
        store(me, TAIL, e);
        store(me, LOCK, 0);
#ifndef BROKEN_INTERRUPT_FIRST
#ifndef BROKEN_OWED_AFTER_INTERRUPT
        owe(me);
#endif
        if
#ifdef BROKEN_OVERTAKING_INTERRUPT
        :: was_empty -> mem[IRQ] = 1
#else
        :: was_empty -> store(me, IRQ, 1)
#endif
        :: else
        fi;
#ifdef BROKEN_OWED_AFTER_INTERRUPT
        owe(me);
#endif
#endif
posted:
        atomic { e = 0; last = 0; was_empty = false }
    od;
    busy--
}

init
{
    atomic { busy = 2; run poster(1); run poster(2) }
}

/* All stands still: CPU 0 sleeps, and nothing is left for it to see. */
active proctype monitor()
{
    atomic {
        timeout ->
        left_behind = mem[HEAD] != NIL || mem[WORK(1)] || mem[WORK(2)] || mem[POSTED(1)] || mem[POSTED(2)];
        left_ready = ready;
        assert(!left_behind);
        forgotten = !mem[IDLE];
        assert(!left_ready);
        assert(!forgotten);
        assert(busy == 0 && mem[LOCK] == 0)
    }
}
