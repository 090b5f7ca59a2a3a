/* The home of an env: which CPU queues it and runs it, while others wake it, start it, pin it elsewhere, and while it
 * dies and its slot becomes another env. Only the home CPU has it in a queue or runs it, and only when it is READY;
 * no wake-up is lost; where it is pinned it goes.
 *
 * kernel/sched/sched.c: sched_wake, sched_poke, sched_admit, sched_give_away, sched_send_to, sched_look,
 * sched_look_blocked, sched_share; kernel/env.c: env_honour, env_park, env_park_ready, env_move, env_create,
 * env_free_unlock; kernel/ipc/send.c: ipc_put_back, look_again; the calls sys_env_start, sys_env_stop and
 * sys_env_set_sched.
 *
 * One slot, E. CPUs 0 and 1 have envs; E is at home at one of them. A third one only calls the kernel.
 * Interleaving semantics: each store before a load of something else has a locked instruction in between (the exchange
 * of `posted`, a lock). A CPU in the kernel takes no interrupt, however long it stands still there.
 *
 * Left out: what E does; priorities; the inbox's list and interrupt (inbox.pml); which mailbox E waits at (its lock is
 * E's here); timers, which are their home CPU's.
 *
 * @holds wake_and_pin
 * @holds transfer_that_fails -DPINS=1 -DRETURNS=2
 * @holds start_and_stop -DSTOPS=2 -DPINS=1 -DWAKES=1
 * @holds slot_used_again -DDEATHS=1 -DPOKES=1 -DPINS=1
 * @refutes home_read_when_ready -DBROKEN_HOME_AFTER_READY : wrongly_queued
 * @refutes started_as_ready -DBROKEN_START_READY -DSTOPS=1 : wrongly_queued
 * @refutes state_seen_before_it_came_home -DBROKEN_STATE_FIRST : wrongly_queued
 * @refutes home_of_a_dead_env -DBROKEN_HOME_FIRST -DDEATHS=1 -DPOKES=1 -DPINS=0 : wrongly_queued
 * @refutes moved_by_who_pins -DBROKEN_PIN_MOVES : wrongly|queued
 * @refutes pinned_read_twice -DBROKEN_PINNED_TWICE : no_home
 * @refutes no_second_look -DBROKEN_NO_SECOND_LOOK -DRETURNS=1 -DPINS=1 : not_where_pinned
 */
#ifndef WAKES
#define WAKES 2 /* how often E is woken, */
#endif
#ifndef PINS
#define PINS 2 /* is pinned, */
#endif
#ifndef STOPS
#define STOPS 0 /* is stopped */
#endif
#ifndef DEATHS
#define DEATHS 0 /* and dies */
#endif
#ifndef POKES
#define POKES 0 /* how often somebody pokes it for nothing, */
#endif
#ifndef RETURNS
#define RETURNS 0 /* and claims it, and lets it wait on */
#endif

#define ANY 2 /* pinned: to no CPU */

#define P_STOP 1
#define P_MOVE 2

mtype = {FREE, STOPPED, READY, RUNNING, BLOCKED, CLAIMED};

/* struct env */
mtype state = BLOCKED;
byte home;
byte pinned = ANY;
byte pending;
bool posted, queued;
bool alive = true; /* its id is not void */
bool locked;

/* struct cpu */
bool inbox[2], queue[2], current[2];

bool creating; /* somebody has the free slot */

byte wakes = WAKES, pins = PINS, stops = STOPS, deaths = DEATHS, pokes = POKES, returns = RETURNS;
byte inside; /* CPUs in the kernel */

/* What must not be. */
bool no_home, wrongly_queued, wrongly_run, left_ready, left_posted, not_where_pinned;

inline acquire()
{
    atomic { !locked -> locked = true }
}

inline post(c) /* inbox_post */
{
    if
    :: atomic { posted }
    :: atomic { !posted -> posted = true };
        atomic { assert(!inbox[c]); inbox[c] = true }
    fi
}

inline poke() /* sched_poke */
{
    to = home;
    post(to);
    to = 0
}

inline send_to(c) /* sched_send_to */
{
    home = c;
    post(c)
}

inline queue_remove(me)
{
    d_step { assert(queued && queue[me]); queued = false; queue[me] = false }
}

inline park() /* env_park_ready */
{
    acquire();
    atomic {
        if
        :: pending & P_STOP -> pending = pending & ~P_STOP; state = STOPPED; parked = true
        :: else
        fi;
        locked = false
    }
}

inline admit(me) /* sched_admit */
{
    if
    :: pending & P_STOP -> park()
    :: else
    fi;
    if
    :: parked
    :: else ->
        where = pinned;
        if
        :: where != ANY && where != me -> send_to(where)
        :: where == ANY -> send_to(1 - me) /* sched_give_away, to an idle CPU */
        :: where == ANY || where == me -> /* queue_insert */
            atomic {
                wrongly_queued = state != READY || queued || home != me;
                assert(!wrongly_queued);
                queued = true;
                queue[me] = true
            }
        fi
    fi;
    atomic { parked = false; where = 0 }
}

inline deliver(me)
{
    if
    :: me == to -> admit(me)
    :: else -> post(to)
    fi;
    to = 0
}

inline wake(me) /* sched_wake */
{
#ifdef BROKEN_HOME_AFTER_READY
    state = READY;
    to = home;
#else
    to = home;
    state = READY;
#endif
    deliver(me)
}

/* Waits at a mailbox, and somebody has something for it. If it is at home here it runs at once (ipc_may_run_next,
 * fast_claim). */
inline wake_blocked(me)
{
    if
    :: atomic { !locked && state == BLOCKED -> state = CLAIMED };
        to = home;
        if
        :: to == me -> atomic { state = RUNNING; current[me] = true }
        :: wake(me)
        fi
    :: atomic { !locked && state != BLOCKED }
    fi
}

/* The same, and it fails: ipc_put_back, look_again. */
inline put_back()
{
    if
    :: atomic { !locked && state == BLOCKED -> state = CLAIMED };
        atomic { !locked -> state = BLOCKED };
#ifndef BROKEN_NO_SECOND_LOOK
        if
        :: pending != 0 -> poke()
        :: else
        fi
#endif
    :: atomic { !locked && state != BLOCKED }
    fi
}

inline start(me) /* sys_env_start */
{
    if
#ifdef BROKEN_START_READY
    :: atomic { !locked && alive && state == STOPPED -> state = READY };
        to = home;
        deliver(me)
#else
    :: atomic { !locked && alive && state == STOPPED -> state = CLAIMED }; wake(me)
#endif
    :: atomic { !locked && (!alive || state != STOPPED) }
    fi
}

/* On its home CPU, running, on the way back to user mode. */
inline honour(me) /* env_honour */
{
    do
    :: current[me] && pending & P_STOP -> /* env_park */
        park();
        if
        :: parked -> current[me] = false
        :: else
        fi;
        parked = false
    :: current[me] && pending == P_MOVE -> /* env_move */
        atomic { pending = pending & ~P_MOVE };
        where = pinned;
        if
        :: where != ANY && where != me -> current[me] = false; wake(me)
        :: else
        fi;
        where = 0
    :: else -> break
    od
}

inline look(me) /* sched_take_inbox, sched_look */
{
    inbox[me] = false;
    posted = false;
#ifdef BROKEN_HOME_FIRST
    seen = STOPPED;
#else
    seen = state;
#endif
    to = home;
#ifndef BROKEN_STATE_FIRST
    if
    :: seen != FREE && to == me -> seen = state
    :: else
    fi;
#endif
    if
    :: seen == FREE
    :: seen != FREE && to != me -> poke()
    :: to == me && seen == READY ->
        if
        :: queued -> queue_remove(me)
        :: else
        fi;
        admit(me)
    :: to == me && seen == BLOCKED -> /* sched_look_blocked */
        to = pinned;
#ifdef BROKEN_PINNED_TWICE
        if
        :: to != ANY && to != me -> to = pinned
        :: else -> to = me
        fi;
#endif
        if
        :: to != ANY && to != me -> home = to
#ifdef BROKEN_PINNED_TWICE
        :: to == ANY -> atomic { no_home = true; assert(!no_home) }
        :: to == me
#else
        :: else
#endif
        fi
    :: else
    fi;
    atomic { to = 0; seen = 0 }
}

inline die(me) /* death_void_id, env_free_unlock */
{
    atomic { !locked -> alive = false }
    current[me] = false;
    state = FREE
}

inline create(me) /* env_fill, env_publish */
{
    pinned = ANY;
    home = me;
    acquire();
    pending = 0;
    state = STOPPED;
    alive = true;
    locked = false
}

#define ENTER inside++
#define LEAVE inside--

proctype cpu(byte me)
{
    byte to, where;
    mtype seen;
    bool parked;

end:
    do
    :: atomic { inbox[me] -> ENTER }
        look(me);
        honour(me);
        LEAVE
    :: atomic { queue[me] && !current[me] -> ENTER } /* queue_pick, env_run */
        queue_remove(me);
        atomic {
            wrongly_run = home != me || state != READY;
            assert(!wrongly_run);
            state = RUNNING;
            current[me] = true
        }
        honour(me);
        LEAVE
    :: atomic { queue[me] && pinned == ANY -> ENTER } /* sched_share */
        queue_remove(me);
        send_to(1 - me);
        LEAVE
    :: atomic { current[me] -> ENTER } /* E blocks */
        atomic { !locked -> state = BLOCKED; current[me] = false }
        LEAVE
    :: atomic { current[me] && deaths > 0 -> deaths--; ENTER }
        die(me);
        LEAVE
    /* Calls of other envs. */
    :: atomic { !current[me] && state == BLOCKED && wakes > 0 -> wakes--; ENTER }
        wake_blocked(me);
        honour(me);
        LEAVE
    :: atomic { !current[me] && state == STOPPED -> ENTER }
        start(me);
        honour(me);
        LEAVE
    :: atomic { !current[me] && state == FREE && !creating -> creating = true; ENTER }
        create(me);
        LEAVE
    od
}

proctype caller(byte me)
{
    byte to, where;
    bool parked;

end:
    do
    :: atomic { pins > 0 -> pins--; ENTER } /* sys_env_set_sched */
        if
        :: atomic { !locked && alive -> locked = true }
            if
            :: pinned = ANY
            :: pinned = 0
            :: pinned = 1
            fi;
            pending = pending | P_MOVE;
#ifdef BROKEN_PIN_MOVES
            if
            :: pinned != ANY && state == BLOCKED -> home = pinned
            :: else
            fi;
#endif
            poke();
            locked = false
        :: atomic { !locked && !alive }
        fi;
        LEAVE
    :: atomic { stops > 0 -> stops--; ENTER } /* sys_env_stop */
        if
        :: atomic { !locked && alive -> locked = true }
            if
            :: state != STOPPED -> pending = pending | P_STOP; poke()
            :: else
            fi;
            locked = false
        :: atomic { !locked && !alive }
        fi;
        LEAVE
    :: atomic { pokes > 0 -> pokes--; ENTER }
        poke();
        LEAVE
    :: atomic { returns > 0 -> returns--; ENTER }
        put_back();
        LEAVE
    :: atomic { wakes > 0 && state == BLOCKED -> wakes--; ENTER }
        wake_blocked(me);
        LEAVE
    od
}

init
{
    atomic { run cpu(0); run cpu(1); run caller(2) }
}

/* All CPUs are in user mode or halted, and have nothing to look at. */
active proctype monitor()
{
    atomic {
        inside == 0 && !inbox[0] && !inbox[1] && !queue[0] && !queue[1] ->
        left_ready = state == READY || state == CLAIMED;
        assert(!left_ready);
        left_posted = posted || locked;
        assert(!left_posted);
        not_where_pinned = alive && pinned != ANY && home != pinned && state != STOPPED;
        assert(!not_where_pinned);
        assert(state != RUNNING || (current[home] && pending == 0))
    }
}
