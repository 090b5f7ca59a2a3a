/* The gate of a space in pager: one worker at a time does what is to be done to a space; who finds it at work parks his
 * request and goes on to the next message, and nobody waits for a lock.
 *
 * servers/pager/space.c: space_enter, park, unpark, space_next, turn_round; servers/pager/main.c: serve, dispatch,
 * handle_all.
 *
 * CLIENTS threads of one process send REQUESTS each, WORKERS workers take them. A message waits in the mailbox until a
 * worker receives it; an answer for a client that does not wait is lost. With IMPATIENT a client may give up
 * (a timeout, or it is stopped in its call) and send its next request while the last one is still parked: then the answer to
 * one may be taken for the other's, but each is done once at most, and nobody else is harmed.
 * Interleaving semantics: what is written before the gate or an owner changes is written before a locked instruction,
 * or before a store that x86 keeps in order.
 *
 * Left out: several spaces, whose gates have nothing in common; an env's slot that becomes another env's.
 *
 * @holds patient
 * @holds two_workers_three_requests -DWORKERS=2 -DREQUESTS=3
 * @holds impatient -DWORKERS=2 -DCLIENTS=2 -DREQUESTS=3 -DIMPATIENT
 * @refutes opened_by_a_store -DBROKEN_OPEN : forgotten|end state
 * @refutes linked_after_it_is_seen -DBROKEN_LINK_LATE : wrong|forgotten
 * @refutes given_back_before_it_is_read -DWORKERS=2 -DCLIENTS=2 -DREQUESTS=3 -DIMPATIENT -DBROKEN_UNPARK_FIRST : wrong|forgotten
 */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef CLIENTS
#define CLIENTS 3
#endif
#ifndef REQUESTS
#define REQUESTS 1
#endif

#define NONE 7

/* A gate: open, busy, or the client whose request was parked last. */
#define OPEN      5
#define BUSY      6
#define PARKED(g) ((g) < CLIENTS)

byte gate = OPEN;

/* struct parked, a client's own */
bool taken[CLIENTS]; /* owner */
byte next[CLIENTS];
byte request[CLIENTS];

/* The mailbox, and who waits for an answer. */
chan mailbox = [CLIENTS * REQUESTS + 1] of {byte, byte};
bool waits[CLIENTS];
byte number[CLIENTS]; /* of the client's last request, from 1 */
byte handled[CLIENTS]; /* bit n: request n is done */

byte at_work;
byte done; /* clients */

/* What must not be. */
bool two_at_work, corrupt, forgotten, wrong_request;

inline handle()
{
    atomic {
        at_work++;
        two_at_work = at_work > 1;
        assert(!two_at_work);
        wrong_request = what == 0 || what > number[from] || (handled[from] >> what & 1) != 0;
        assert(!wrong_request);
        handled[from] = handled[from] | 1 << what
    }
    at_work--
}

inline reply()
{
    atomic { waits[from] = false; from = NONE; what = 0 }
}

proctype worker()
{
    byte from = NONE, what, list = NONE, seen, old, turned;
    bool entered;

end:
    do
    :: atomic { mailbox?from,what } /* serve, dispatch */
        entered = false; /* space_enter */
        if
        :: atomic { gate == OPEN -> gate = BUSY; entered = true }
        :: atomic { gate != OPEN };
            if /* park */
            :: atomic { taken[from] -> from = NONE; what = 0 }; goto next_message
            :: atomic { !taken[from] -> taken[from] = true }
            fi;
            request[from] = what;
            old = gate;
            do
#ifdef BROKEN_LINK_LATE
            :: atomic { gate == old -> gate = (old == OPEN -> BUSY : from); entered = old == OPEN };
                next[from] = (PARKED(old) -> old : NONE);
                break
#else
            :: next[from] = (PARKED(old) -> old : NONE);
                if
                :: atomic { gate == old -> gate = (old == OPEN -> BUSY : from); entered = old == OPEN }; break
                :: atomic { gate != old -> old = gate }
                fi
#endif
#ifdef BROKEN_LINK_LATE
            :: atomic { gate != old -> old = gate }
#endif
            od;
            old = 0;
            if
            :: entered -> taken[from] = false
            :: else -> atomic { from = NONE; what = 0 }; goto next_message
            fi
        fi;
        do /* handle_all */
        :: handle();
            if /* space_next */
            :: list == NONE ->
#ifdef BROKEN_OPEN
                if
                :: gate == BUSY -> gate = OPEN; reply(); break
                :: gate != BUSY
                fi;
#else
                if
                :: atomic { gate == BUSY -> gate = OPEN }; reply(); break
                :: atomic { gate != BUSY }
                fi;
#endif
                atomic { seen = gate; gate = BUSY };
                corrupt = !PARKED(seen);
                assert(!corrupt);
                do /* turn_round */
                :: seen == NONE -> break
                :: else ->
                    old = next[seen];
                    next[seen] = (turned == 0 -> NONE : turned - 1);
                    atomic { turned = seen + 1; seen = old; old = 0 }
                od;
                atomic { list = turned - 1; turned = 0; seen = 0 }
            :: else
            fi;
            reply();
            from = list;
            list = next[from];
#ifdef BROKEN_UNPARK_FIRST
            taken[from] = false;
            what = request[from]
#else
            what = request[from];
            taken[from] = false
#endif
        od;
next_message:
        skip
    od
}

proctype client(byte me)
{
    byte i;

    do
    :: i == REQUESTS -> break
    :: i < REQUESTS ->
        atomic { i++; number[me] = i; waits[me] = true; mailbox!me,i }
        if
        :: !waits[me]
#ifdef IMPATIENT
        :: i < REQUESTS
#endif
        fi
    od;
    done++
}

init
{
    byte i;

    atomic {
        do
        :: i == WORKERS -> break
        :: else -> run worker(); i++
        od;
        i = 0;
        do
        :: i == CLIENTS -> break
        :: else -> run client(i); i++
        od
    }
}

/* All stands still: workers wait for messages, and nobody for an answer. */
active proctype monitor()
{
    byte i;

    atomic {
        timeout ->
        forgotten = gate != OPEN || len(mailbox) != 0 || done != CLIENTS;
        assert(!forgotten);
        do
        :: i == CLIENTS -> break
        :: else ->
            forgotten = taken[i] || waits[i];
            assert(!forgotten);
            i++
        od
    }
}
