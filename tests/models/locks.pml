/* The lock algorithms: one holder at a time, who sees what the one before him wrote; nobody waits for ever; and where
 * it is promised, first come, first served. Memory is x86's (tso.inc).
 *
 * kernel/lock/tas.h, ttas.h, ticket.h, mcs.h, clh.h, busted.h.
 *
 * Three CPUs take one lock or (LOCKS=2) one of two of the same class, TURNS times each; with the lock held a CPU
 * adds one to a plain variable.
 *
 * Left out: interrupts and TLB shootdowns, which waiters answer; a spinning CPU is one that waits for its word to
 * change. Tickets count modulo 4, so that they come round.
 *
 * @holds tas -DTAS
 * @holds ttas -DTTAS
 * @holds ticket -DTICKET
 * @holds mcs -DMCS
 * @holds mcs_two_locks -DMCS -DLOCKS=2
 * @holds clh -DCLH -DTURNS=3
 * @holds clh_two_locks -DCLH -DLOCKS=2
 * @refutes busted -DBUSTED : two_holders|lost
 * @refutes ticket_read_and_written -DTICKET -DBROKEN_DRAW : two_holders|lost
 * @refutes ticket_served_before_the_data -DTICKET -DBROKEN_RELEASE_FIRST : two_holders|lost
 * @refutes mcs_freed_without_comparing -DMCS -DBROKEN_FREE : two_holders|lost|end state
 * @refutes mcs_waiting_set_when_linked -DMCS -DBROKEN_WAITING_LATE : lost|end state
 * @refutes mcs_leaves_without_a_second_look -DMCS -DBROKEN_LEAVE : lost|end state
 * @refutes clh_busy_set_when_in_line -DCLH -DBROKEN_BUSY_LATE : two_holders|lost
 * @refutes clh_comes_in_one_turn -DCLH -DBROKEN_ONE_TURN : lost|end state
 * @refutes clh_does_not_say_where -DCLH -DLOCKS=2 -DBROKEN_NO_LOCK : lost|end state
 */
#ifndef LOCKS
#define LOCKS 1
#endif
#ifndef TURNS
#define TURNS 2
#endif
#define CPUS 3
#define SB   6

#define NIL 0

/* Shared memory. Nodes are CPU + 1. */
#define TAKEN(l)   (l) /* tas, ttas, busted */
#define NEXT(l)    (l) /* ticket */
#define TAIL(l)    (l) /* mcs, clh */
#define SERVING(l) (2 + (l))
#define LAST(l)    (2 + (l)) /* clh */
#define AFTER(c)   (4 + (c)) /* mcs_node.next */
#define WAITING(c) (7 + (c))
#define NODE(c)    (4 + (c)) /* clh_nodes.of */
#define DATA(l)    (10 + (l))
#define VARIABLES  12

#include "tso.inc"

#define TICKETS 4

/* CLH: a turn is bit 0, bit 1: which, and the CPU. */
#define CLH_TURN   2
#define CLH_CPU(t) ((t) / 4)
#ifdef BROKEN_NO_LOCK
#define CLH_WORD(l, t) (8 + (t) % 4)
#else
#define CLH_WORD(l, t) (8 * ((l) + 1) + (t) % 4)
#endif

bool held[2];
chan line[2] = [CPUS] of {byte}; /* who comes, in this order */

/* What must not be. */
bool two_holders, overtaken, lost;

inline comes(l)
{
    line[l]!me
}

inline goes_in(l)
{
    atomic {
        two_holders = held[l];
        assert(!two_holders);
        held[l] = true;
#if defined(TICKET) || defined(MCS) || defined(CLH)
        line[l]?other;
        overtaken = other != me;
        assert(!overtaken);
#endif
        other = 0
    }
}

#if defined(TAS) || defined(TTAS)

inline acquire(l) /* tas_acquire, ttas_acquire */
{
    do
    :: atomic { DRAINED(me) -> other = mem[TAKEN(l)]; mem[TAKEN(l)] = 1 }
        if
        :: other == 0 -> break
        :: else ->
#ifdef TTAS
            LOAD(me, TAKEN(l)) == 0
#endif
        fi
    od
}

inline release(l)
{
    store(me, TAKEN(l), 0)
}

#endif
#ifdef BUSTED

inline acquire(l) /* busted_acquire */
{
    LOAD(me, TAKEN(l)) == 0;
    store(me, TAKEN(l), 1)
}

inline release(l)
{
    store(me, TAKEN(l), 0)
}

#endif
#ifdef TICKET

inline acquire(l) /* ticket_acquire */
{
#ifdef BROKEN_DRAW
    atomic { mine = LOAD(me, NEXT(l)); comes(l) }
    store(me, NEXT(l), (mine + 1) % TICKETS);
#else
    atomic { DRAINED(me) -> mine = mem[NEXT(l)]; mem[NEXT(l)] = (mine + 1) % TICKETS; comes(l) }
#endif
    LOAD(me, SERVING(l)) == mine;
    mine = 0
}

inline release(l) /* ticket_release */
{
    atomic { other = (LOAD(me, SERVING(l)) + 1) % TICKETS }
    store(me, SERVING(l), other)
}

#endif
#ifdef MCS

inline acquire(l) /* mcs_acquire */
{
    store(me, AFTER(me), NIL);
    atomic { DRAINED(me) -> other = mem[TAIL(l)]; mem[TAIL(l)] = me + 1; comes(l) }
    if
    :: other == NIL
    :: else ->
#ifndef BROKEN_WAITING_LATE
        store(me, WAITING(me), 1);
#endif
        store(me, AFTER(other - 1), me + 1);
#ifdef BROKEN_WAITING_LATE
        store(me, WAITING(me), 1);
#endif
        LOAD(me, WAITING(me)) == 0
    fi
}

inline release(l) /* mcs_release */
{
    other = LOAD(me, AFTER(me));
    if
    :: other != NIL
    :: other == NIL ->
#ifdef BROKEN_FREE
        store(me, TAIL(l), NIL)
#else
        atomic {
            DRAINED(me);
            if
            :: mem[TAIL(l)] == me + 1 -> mem[TAIL(l)] = NIL; mine = 1
            :: else
            fi
        }
        if
        :: mine == 1
        :: else ->
#ifndef BROKEN_LEAVE
            LOAD(me, AFTER(me)) != NIL;
            other = LOAD(me, AFTER(me))
#endif
        fi
#endif
    fi;
    if
    :: other != NIL -> store(me, WAITING(other - 1), 0)
    :: else
    fi;
    mine = 0
}

#endif
#ifdef CLH

inline acquire(l) /* clh_acquire */
{
    atomic {
        mine = me * 4 + 1;
#ifndef BROKEN_ONE_TURN
        if
        :: LOAD(me, LAST(l)) == mine -> mine = mine + CLH_TURN
        :: else
        fi
#endif
    }
#ifndef BROKEN_BUSY_LATE
    store(me, NODE(me), CLH_WORD(l, mine));
#endif
    atomic { DRAINED(me) -> other = mem[TAIL(l)]; mem[TAIL(l)] = mine; comes(l) }
#ifdef BROKEN_BUSY_LATE
    store(me, NODE(me), CLH_WORD(l, mine));
#endif
    LOAD(me, NODE(CLH_CPU(other))) != CLH_WORD(l, other);
    store(me, LAST(l), mine);
    mine = 0
}

inline release(l) /* clh_release */
{
    store(me, NODE(me), 0)
}

#endif

proctype cpu(byte me)
{
    byte turns, l, mine, other;

    do
    :: turns == TURNS -> break
    :: else ->
        atomic {
            turns++;
#if LOCKS > 1
            if
            :: l = 0
            :: l = 1
            fi
#endif
        }
        acquire(l);
        goes_in(l);
        other = LOAD(me, DATA(l));
#ifdef BROKEN_RELEASE_FIRST
        mine = other;
        held[l] = false;
        release(l);
        store(me, DATA(l), mine + 1);
        mine = 0;
#else
        store(me, DATA(l), other + 1);
        held[l] = false;
        release(l);
#endif
        atomic { l = 0; other = 0 }
    od
}

init
{
    atomic { run cpu(0); run cpu(1); run cpu(2) }
}

/* All stands still. */
active proctype monitor()
{
    atomic {
        timeout ->
        lost = mem[DATA(0)] + mem[DATA(1)] != CPUS * TURNS;
        assert(!lost)
    }
}
