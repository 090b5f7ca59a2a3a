/* The two places in IPC where a store is followed by a load of something else, with the store buffers of x86 (tso.inc).
 *
 * WAIT: env W, on CPU 0, begins to wait for env D alone (ipc_publish_partner, ipc_partner_is_gone), while D dies on CPU 1
 * (death_void_id, death_relations). Either W sees the void id, or D finds W and has its home CPU look. With BORN the slot
 * is another's at first: W knows the id of D before CPU 1 has made it (env_fill, env_publish).
 *
 * LOOK: CPU 1 blocks an env again that it had claimed (look_again), while CPU 2 sets a bit of `pending` in it and pokes
 * it (env_pend_locked, inbox_post), and its home CPU 0 looks (sched_look). The bit does not stay unseen.
 *
 * Left out: everything that follows a lock in these functions, which rendezvous.pml has. An inbox is a word here, and
 * filling it a locked instruction: inbox.pml has the whole. The fast path publishes `wait_from` without a fence: the
 * partner is on the same CPU then, runs next, and cannot begin to die elsewhere before locks were taken in between.
 *
 * @holds wait_and_death -DWAIT
 * @holds wait_birth_and_death -DWAIT -DBORN
 * @holds block_and_pend -DLOOK
 * @refutes no_fence_in_the_wait -DWAIT -DBROKEN_NO_WAIT_FENCE : forgotten
 * @refutes no_fence_in_the_death -DWAIT -DBROKEN_NO_DEATH_FENCE : forgotten
 * @refutes awaited_after_the_id_is_looked_at -DWAIT -DBROKEN_MARK_LATE : forgotten
 * @refutes marked_before_it_was_there -DWAIT -DBORN -DBROKEN_MARK_FIRST : forgotten
 * @refutes mark_read_before_the_id_is_void -DWAIT -DBROKEN_MARK_READ_EARLY : forgotten
 * @refutes no_fence_before_the_second_look -DLOOK -DBROKEN_NO_LOOK_FENCE : forgotten
 */
#define CPUS 3
#define SB   6

#define ID        0 /* of D */
#define WAIT_FROM 1 /* W waits for D */
#define AWAITED   2 /* D's mark */
#define STATE     3
#define PENDING   4
#define POSTED    5
#define INBOX     6 /* of CPU 0 */
#define LOCK      7
#define VARIABLES 8

/* Values of ID. */
#ifdef BORN
#define ALIVE 1
#else
#define ALIVE 0
#endif
#define VOID 2

/* Values of STATE. */
#define OWNED   0 /* RUNNING or CLAIMED */
#define BLOCKED 1
#define WOKEN   2

#include "tso.inc"

bool forgotten;

inline acquire(c)
{
    atomic { DRAINED(c) && mem[LOCK] == 0 -> mem[LOCK] = 1 }
}

inline fence(c)
{
    DRAINED(c)
}

inline poke(c) /* sched_poke, inbox_post */
{
    if
    :: atomic { DRAINED(c) && mem[POSTED] -> skip }
    :: atomic { DRAINED(c) && !mem[POSTED] -> mem[POSTED] = 1 }
        atomic { DRAINED(c) -> mem[INBOX] = 1 }
    fi
}

#ifdef WAIT

active proctype home() /* CPU 0 */
{
    byte seen;

#ifdef BROKEN_MARK_LATE
    store(0, WAIT_FROM, 1);
    fence(0);
    seen = LOAD(0, ID) != ALIVE;
    store(0, AWAITED, 1);
#else
    store(0, WAIT_FROM, 1); /* ipc_publish_partner */
#ifndef BROKEN_MARK_FIRST
    seen = LOAD(0, ID) != ALIVE;
    if
    :: seen -> store(0, STATE, WOKEN); goto looked
    :: else
    fi;
#endif
    store(0, AWAITED, 1);
#ifndef BROKEN_NO_WAIT_FENCE
    fence(0);
#endif
    seen = LOAD(0, ID) != ALIVE;
#endif
    if
    :: seen -> store(0, STATE, WOKEN); goto looked
    :: else
    fi;
    acquire(0); /* receive_once */
    store(0, STATE, BLOCKED);
    store(0, LOCK, 0);
looked:
end_idle:
    do /* sched_take_inbox, sched_look_blocked */
    :: atomic { DRAINED(0) && mem[INBOX] -> mem[INBOX] = 0 }
        atomic { DRAINED(0) -> mem[POSTED] = 0 }
        if
        :: LOAD(0, STATE) == BLOCKED && LOAD(0, ID) != ALIVE -> store(0, STATE, WOKEN)
        :: else
        fi
    od
}

active proctype dying() /* CPU 1 */
{
    byte marked;

#ifdef BORN
    store(1, AWAITED, 0); /* env_fill */
    acquire(1);
    store(1, ID, ALIVE); /* env_publish */
    store(1, LOCK, 0);
#endif
    acquire(1);
#ifdef BROKEN_MARK_READ_EARLY
    marked = LOAD(1, AWAITED);
#endif
#ifdef BROKEN_NO_DEATH_FENCE
    store(1, ID, VOID);
    store(1, LOCK, 0);
#else
    store(1, ID, VOID); /* death_void_id */
    store(1, LOCK, 0);
    fence(1);
#endif
#ifndef BROKEN_MARK_READ_EARLY
    marked = LOAD(1, AWAITED); /* death_relations */
#endif
    if
    :: marked && LOAD(1, WAIT_FROM) -> poke(1)
    :: else
    fi
}

#else

active proctype home() /* CPU 0 */
{
end_idle:
    do /* sched_take_inbox, sched_look */
    :: atomic { DRAINED(0) && mem[INBOX] -> mem[INBOX] = 0 }
        atomic { DRAINED(0) -> mem[POSTED] = 0 }
        if
        :: LOAD(0, STATE) == BLOCKED && LOAD(0, PENDING) -> store(0, STATE, WOKEN)
        :: else
        fi
    od
}

active proctype claimer() /* CPU 1 */
{
    acquire(1); /* ipc_finish_sender, ipc_put_back */
    store(1, STATE, BLOCKED);
    store(1, LOCK, 0);
#ifndef BROKEN_NO_LOOK_FENCE
    fence(1);
#endif
    if /* look_again */
    :: LOAD(1, PENDING) -> poke(1)
    :: else
    fi
}

active proctype pender() /* CPU 2 */
{
    atomic { DRAINED(2) -> mem[PENDING] = 1 }
    poke(2)
}

#endif

active proctype monitor()
{
    atomic {
        timeout ->
#ifdef WAIT
        forgotten = mem[ID] == VOID && mem[STATE] != WOKEN;
#else
        forgotten = mem[PENDING] && mem[STATE] != WOKEN;
#endif
        assert(!forgotten);
        assert(mem[LOCK] == 0 && !mem[INBOX] && !mem[POSTED])
    }
}
